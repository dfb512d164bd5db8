"""Write the interfaces that ship, from a server's `/object_info`: `python -m ltxdsl.comfy.catalogue FILE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ltxdsl.comfy.catalogue import SHIPPED, packed
from ltxdsl.comfy.catalogue.order import restored

if __name__ == "__main__":
    SHIPPED.write_bytes(packed(restored(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
