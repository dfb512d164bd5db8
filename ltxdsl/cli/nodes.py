"""`ltx nodes`: the interfaces of ComfyUI's nodes that imports and checks go by."""

from __future__ import annotations

import os
from fnmatch import fnmatch

import click

from ltxdsl.cli import FOUND_ERRORS, RUN_FAILED
from ltxdsl.cli.common import show_json

SERVER = "http://127.0.0.1:8188"


@click.group()
def command() -> None:
    """List and refresh the node interfaces that imports and checks go by."""


@command.command("refresh")
@click.option("--server", default=SERVER, show_default=True, metavar="URL", help="A running ComfyUI.")
def refresh(server: str) -> int:
    """Ask a server: its own version, with its packs.

    Exit code 2: no address, 3: it cannot be reached.
    """
    from ltxdsl.comfy.catalogue import REFRESHED, packed
    from ltxdsl.comfy.server import BadAddress, Client, ServerError, address
    from ltxdsl.folders import data_folder
    from ltxdsl.store import write_bytes_into_place

    try:
        info = Client(address(server, os.environ)).object_info()
    except BadAddress as error:
        raise click.UsageError(f"--server: {error}") from None
    except ServerError as error:
        click.echo(f"{error}; is ComfyUI running there? `--server URL` names another", err=True)
        return RUN_FAILED
    path = data_folder() / REFRESHED
    try:
        write_bytes_into_place(path, packed(info))
    except OSError as error:
        click.echo(f"{path} cannot be written: {error.strerror or error}; LTX_DATA names another folder", err=True)
        return RUN_FAILED
    click.echo(f"wrote {path}: {len(info)} classes")
    return 0


@command.command("list")
@click.argument("pattern", default="*")
def list_(pattern: str) -> int:
    """Name the classes that are known, such as `LTXV*`. Exit code 1: none is called so."""
    from ltxdsl.comfy.catalogue import catalogue

    names = sorted(name for name in catalogue() if fnmatch(name.lower(), pattern.lower()))
    if not names:
        click.echo(f"there is no class `{pattern}`; `*` stands for any letters, as in `LTXV*`", err=True)
        return FOUND_ERRORS
    for name in names:
        click.echo(name)
    return 0


@command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="The whole interface, as a server's `/object_info` has it.")
def show(name: str, as_json: bool) -> int:
    """Show the inputs and outputs of a class."""
    from ltxdsl.comfy.catalogue import catalogue
    from ltxdsl.comfy.interface import output_types, sockets_of
    from ltxdsl.near import nearest

    known = catalogue()
    if name not in known:
        near = nearest(name, known)
        click.echo(f"there is no class `{name}`" + (f"; did you mean `{near}`?" if near else ""), err=True)
        return FOUND_ERRORS
    info = known[name]
    if as_json:
        show_json({name: info})
        return 0
    click.echo(f"{name}  ({info.get('python_module', '')})")
    for socket in sockets_of(info, {}).values():
        click.echo(f"  {socket.name}: {socket.type}" + ("" if socket.required else "  (optional)"))
    for slot, (kind, label) in enumerate(zip(output_types(info), info.get("output_name") or (), strict=False)):
        click.echo(f"  -> {slot} {label}: {'COMBO' if isinstance(kind, list) else kind}")
    return 0
