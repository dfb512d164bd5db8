"""Training: a configuration for Lightricks' trainer, written from a script."""

import json
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from ltxdsl.ops import nodes
from ltxdsl.ops.declare import Role, Statement, option, statement, word
from ltxdsl.ops.kinds import FILE, INTEGER, NUMBER, SIZE, TIME, choice
from ltxdsl.values import Frames, Seconds, Size

if TYPE_CHECKING:
    from ltxdsl.compiler.lower import Scene

WHAT = choice("`lora`", lambda names: ("lora",))
MODES = ("text", "image", "control")
MODE = choice("text, image or control", lambda names: MODES)
SMALL = choice("`small`", lambda names: ("small",))
ATTENTION = ["to_k", "to_q", "to_v", "to_out.0"]
CONTROL = [
    *(f"attn{n}.{part}" for n in (1, 2) for part in ATTENTION),
    "ff.net.0.proj",
    "ff.net.2",
]
HEADER = """\
# Written by ltx for Lightricks' ltx-trainer: `python scripts/train.py FILE`.
# The data is preprocessed with `scripts/process_dataset.py` at the resolution of `validation.video_dims`.
# The trainer has no CREPA; forks of musubi-tuner and SimpleTuner have it, with a similarity threshold of 0.9.
"""


@statement("train", Role.ACTION, 'train lora "queen" from "dataset/" rank 32 steps 1500')
class Train(Statement, frozen=True):
    """Write the configuration that Lightricks' trainer takes for a LoRA; nothing is trained here.

    `text` learns from captions, `image` from first frames too (half of the time), `control` is an IC-LoRA that learns
    to follow a reference video: it takes twice the memory and time. `small` is for cards of 24 to 32 GB: rank 16, 8-bit
    optimizer and encoder, 8-bit weights. 1500 steps show an effect, over 5000 are hardly ever needed; long training on
    stills costs motion. The file is named after the LoRA.
    """

    targets: ClassVar[tuple[str, ...]] = ("local",)

    what: Annotated[str, word(WHAT, "`lora`")]
    name: Annotated[str, word(FILE, "its name; the configuration is NAME.yaml")]
    data: Annotated[str, option(FILE, "the folder of preprocessed data", key="from")]
    mode: Annotated[str, word(MODE, "what it learns from")] = "text"
    small: Annotated[str, word(SMALL, "fit into little memory")] = ""
    model: Annotated[str, option(FILE, "the checkpoint")] = "ltx-2.3-22b-dev.safetensors"
    encoder: Annotated[str, option(FILE, "the folder of the text encoder")] = "gemma-3-12b-it"
    lora_rank: Annotated[int | None, option(INTEGER, "32, or 16 if `small`", key="rank", low=2, high=1024)] = None
    steps: Annotated[int | None, option(INTEGER, "steps; 2000, control 3000", low=1, high=1_000_000)] = None
    rate: Annotated[float | None, option(NUMBER, "learning rate; 1e-4, control 2e-4", low=1e-7, high=0.1)] = None
    size: Annotated[Size | None, option(SIZE, "size of validation; 960x544, small 576x576", high=4096)] = None
    length: Annotated[Frames | Seconds | None, option(TIME, "frames of validation; 89f, small 49f", high=1025)] = None
    reference: Annotated[str, option(FILE, "a reference video for the validation of `control`")] = ""

    @property
    def dimensions(self) -> tuple[int, int, int]:
        """Width, height and frames of validation; seconds count 24 frames, rounded to 1 + 8N."""
        size = self.size or (Size(576, 576) if self.small else Size(960, 544))
        match self.length:
            case Frames(count):
                return size.width, size.height, count
            case Seconds(seconds):
                return size.width, size.height, 1 + 8 * round((seconds * 24 - 1) / 8)
        return size.width, size.height, 49 if self.small else 89

    def apply(self, scene: "Scene") -> None:
        """One file."""
        scene.name = scene.stage_name("training")
        text = HEADER + "\n".join(yaml_lines(self.config(scene)))
        scene.add(nodes.WriteText(path=f"{self.name}.yaml", text=text + "\n"), self)

    def config(self, scene: "Scene") -> dict[str, Any]:
        """The configuration: what is required, and what differs from the trainer's own defaults."""
        control = self.mode == "control"
        rank = self.lora_rank or (16 if self.small else 32)
        acceleration = {"mixed_precision_mode": "bf16"}
        small = {"quantization": "int8-quanto", "load_text_encoder_in_8bit": True}
        small["offload_optimizer_during_validation"] = True
        return {
            "model": {"model_path": self.model, "text_encoder_path": self.encoder, "training_mode": "lora"},
            "lora": {"rank": rank, "alpha": rank, "target_modules": CONTROL if control else ATTENTION},
            "training_strategy": self._strategy(),
            "optimization": {
                "learning_rate": self.rate or (2e-4 if control else 1e-4),
                "steps": self.steps or (3000 if control else 2000),
                "batch_size": 1,
                "enable_gradient_checkpointing": True,
                **({"optimizer_type": "adamw8bit"} if self.small else {}),
            },
            "acceleration": {**acceleration, **(small if self.small else {})},
            "data": {"preprocessed_data_root": self.data},
            "validation": self._validation(scene),
            "checkpoints": {"interval": 250, "keep_last_n": 3},
            "seed": scene.seed,
            "output_dir": f"outputs/{self.name}",
        }

    def _strategy(self) -> dict[str, Any]:
        video: dict[str, Any] = {"is_generated": True, "latents_dir": "latents"}
        first = {"type": "first_frame", "probability": 0.2 if self.mode == "control" else 0.5}
        reference = {"type": "reference", "latents_dir": "reference_latents", "probability": 1.0}
        conditions = {"text": [], "image": [first], "control": [reference, first]}[self.mode]
        audio = {"is_generated": True, "latents_dir": "audio_latents"}
        sound = {} if self.mode == "control" else {"audio": audio}
        return {"name": "flexible", "video": {**video, "conditions": conditions}, **sound}

    def _validation(self, scene: "Scene") -> dict[str, Any]:
        sample: dict[str, Any] = {"prompt": scene.prompt}
        more: dict[str, Any] = {}
        if self.mode == "control":
            kind = {"type": "reference", "video": self.reference}
            sample["conditions"] = [{**kind, "downscale_factor": 1, "include_in_output": True}]
            more = {"video_modality_guidance_scale": 1.0, "generate_audio": False}
        shape = {"video_dims": list(self.dimensions), "frame_rate": 24.0, "inference_steps": 30}
        return {"samples": [sample], **shape, "interval": 250, **more}


def yaml_lines(table: dict[str, Any], indent: str = "") -> list[str]:
    """A table as YAML, one key a line; lists and what is in them in the form of JSON, which YAML contains."""
    lines = []
    for key, value in table.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:", *yaml_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {_scalar(value)}")
    return lines


def _scalar(value: Any) -> str:
    if not isinstance(value, float):
        return json.dumps(value)
    digits = f"{value:.10f}".rstrip("0")  # YAML reads 2e-04 as a text: it wants a point
    return f"{digits}0" if digits.endswith(".") else digits
