"""Reading the parts of a diffusers folder: safetensors only, and every failure as one sentence."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ltxdsl.runtime.errors import ModelFileError

MEGABYTE = 1 << 20


def load_transformer(folder: Path, dtype: torch.dtype) -> Any:
    """The audio-video transformer."""
    from diffusers.models.transformers.transformer_ltx2 import LTX2VideoTransformer3DModel

    return load_module(LTX2VideoTransformer3DModel, folder, dtype)


def load_video_vae(folder: Path, dtype: torch.dtype) -> Any:
    """The video VAE."""
    from diffusers.models.autoencoders.autoencoder_kl_ltx2 import AutoencoderKLLTX2Video

    return load_module(AutoencoderKLLTX2Video, folder, dtype)


def load_audio_vae(folder: Path, dtype: torch.dtype) -> Any:
    """The audio VAE."""
    from diffusers.models.autoencoders.autoencoder_kl_ltx2_audio import AutoencoderKLLTX2Audio

    return load_module(AutoencoderKLLTX2Audio, folder, dtype)


def load_vocoder(folder: Path, dtype: torch.dtype) -> Any:
    """The vocoder, with bandwidth extension where the folder's config names that class."""
    from diffusers.pipelines.ltx2 import vocoder

    name = read_config(folder).get("_class_name")
    return load_module(vocoder.LTX2Vocoder if name == "LTX2Vocoder" else vocoder.LTX2VocoderWithBWE, folder, dtype)


def load_connectors(folder: Path, dtype: torch.dtype) -> Any:
    """The text connectors."""
    from diffusers.pipelines.ltx2.connectors import LTX2TextConnectors

    return load_module(LTX2TextConnectors, folder, dtype)


def load_upsampler(folder: Path, dtype: torch.dtype) -> Any:
    """The latent upsampler."""
    from diffusers.pipelines.ltx2.latent_upsampler import LTX2LatentUpsamplerModel

    return load_module(LTX2LatentUpsamplerModel, folder, dtype)


def load_gemma(folder: Path, dtype: torch.dtype) -> Any:
    """The text encoder without its tokenizer."""
    from transformers import Gemma3ForConditionalGeneration

    check_folder(folder)
    with explained(folder), quiet():
        return Gemma3ForConditionalGeneration.from_pretrained(
            folder, dtype=dtype, local_files_only=True, use_safetensors=True
        ).eval()


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer."""
    from transformers import AutoTokenizer

    if not folder.is_dir():
        raise ModelFileError(folder, "there is no such folder; the tokenizer should be in it")
    with explained(folder), quiet():
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def load_module(kind: Any, folder: Path, dtype: torch.dtype) -> Any:
    """A diffusers module from its folder, with all of its weights."""
    check_folder(folder)
    with explained(folder), quiet():
        module, notes = kind.from_pretrained(
            folder, torch_dtype=dtype, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
    if missing := sorted(notes["missing_keys"]):
        raise ModelFileError(folder, f"{len(missing)} weights are missing, {missing[0]} for one")
    return module.eval()


def load_statistics(folder: Path) -> tuple[Tensor, Tensor, float]:
    """Mean and deviation of the video latent's channels, and the scaling factor, without the VAE's weights."""
    check_folder(folder)
    scale = float(read_config(folder).get("scaling_factor", 1.0))
    with explained(folder):
        for file in weight_files(folder):
            tensors = pick_tensors(file, ("latents_mean", "latents_std"))
            if len(tensors) == 2:
                return tensors["latents_mean"], tensors["latents_std"], scale
    raise ModelFileError(folder, "latents_mean and latents_std are not among the weights")


def pick_tensors(file: Path, names: tuple[str, ...]) -> dict[str, Tensor]:
    """Those of the named tensors that a safetensors file has."""
    from safetensors import safe_open

    with safe_open(file, "pt") as weights:
        return {name: weights.get_tensor(name) for name in names if name in weights.keys()}  # noqa: SIM118


def read_config(folder: Path) -> dict[str, Any]:
    """A part's `config.json`."""
    path = folder / "config.json"
    if not path.is_file():
        raise ModelFileError(path, "there is no such file; a diffusers folder has one for each part")
    try:
        return dict(json.loads(path.read_text()))
    except ValueError as error:
        raise ModelFileError(path, f"it is not valid JSON ({error})") from None


def check_folder(folder: Path) -> None:
    """Say what is wrong with a part's folder before anything is read from it."""
    if not folder.is_dir():
        raise ModelFileError(folder, "there is no such folder; a diffusers LTX-2 repository has one for each part")
    read_config(folder)
    files = weight_files(folder)
    if not files:
        pickled = any(folder.glob("*.bin")) or any(folder.glob("*.pt")) or any(folder.glob("*.ckpt"))
        reason = "its weights are pickled, which can run code; only safetensors is read" if pickled else "no weights"
        raise ModelFileError(folder, reason)
    for file in files:
        check_safetensors(file)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder."""
    return sorted(folder.glob("*.safetensors"))


def check_safetensors(file: Path) -> None:
    """Say so if a safetensors file is cut short or is none."""
    size = file.stat().st_size
    expected = _expected_size(file, size)
    if size < expected:
        raise ModelFileError(
            file, f"it is cut short: {size / MEGABYTE:.1f} of {expected / MEGABYTE:.1f} MB; fetch it again"
        )


def _expected_size(file: Path, size: int) -> int:
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length + 8 > size:
            raise ModelFileError(file, "its header is cut short, or it is no safetensors file")
        header = stream.read(length)
    try:
        entries = json.loads(header)
        return 8 + length + max((e["data_offsets"][1] for k, e in entries.items() if k != "__metadata__"), default=0)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ModelFileError(file, "its header does not read; it is no safetensors file") from None


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the libraries raise about a file into a `ModelFileError`."""
    from safetensors import SafetensorError

    try:
        yield
    except ModelFileError:
        raise
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        first = (str(error) or type(error).__name__).strip().splitlines()[0]
        raise ModelFileError(path, f"it does not load: {first}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and advice of the libraries while they load."""
    from transformers.utils import logging as transformers_logging

    bars = transformers_logging.is_progress_bar_enabled()
    level = logging.getLogger("diffusers").level
    transformers_logging.disable_progress_bar()
    logging.getLogger("diffusers").setLevel(logging.ERROR)
    try:
        yield
    finally:
        logging.getLogger("diffusers").setLevel(level)
        if bars:
            transformers_logging.enable_progress_bar()


LOADERS: dict[str, Callable[[Path, torch.dtype], Any]] = {
    "transformer": load_transformer,
    "video_vae": load_video_vae,
    "audio_vae": load_audio_vae,
    "vocoder": load_vocoder,
    "connectors": load_connectors,
    "upsampler 2x": load_upsampler,
    "upsampler 1.5x": load_upsampler,
    "temporal_upsampler": load_upsampler,
}
