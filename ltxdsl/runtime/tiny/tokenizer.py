"""The tokenizer of the tiny bundle: byte-level BPE, so that any text has its own tokens."""

from __future__ import annotations

from typing import Any

VOCABULARY = 1024
SPECIAL = ("<pad>", "<bos>", "<unk>", "<image>")

# What the merges are learnt from: words of film prompts, so that those are one or two tokens.
CORPUS = """
a an the of in on at to from with and or over under into through behind before after while as is are was
man woman child person people girl boy face hair eyes hand hands camera shot close up wide medium slow zoom pan tilt
dolly tracking handheld static light dark soft warm cold bright shadow sun sunset sunrise night day morning evening
golden hour sky cloud clouds rain snow wind fire water sea ocean river lake mountain forest tree trees grass field city
street road house room kitchen window door table chair car train ship boat horse dog cat bird robot soldier queen king
red green blue yellow white black orange purple pink brown grey silver ball square triangle circle blob walks walking
runs running stands standing sits sitting looks looking turns turning smiles smiling speaks speaking says talks voice
music sound silent quiet loud opens closes holds holding moves moving left right forward backward toward away slowly
quickly suddenly then now first last old young new small large big tall cinematic film realistic cartoon anime style
high quality detailed sharp blurry grain lens depth focus background foreground scene frame video image picture text
""".split()


def build_tokenizer(length: int) -> Any:
    """A left-padding tokenizer with a BOS and no EOS; `length` tokens at most."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE(unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    core.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=alphabet,
        min_frequency=1,
        show_progress=False,
    )
    core.train_from_iterator(CORPUS, trainer)
    core.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="<pad>",
        bos_token="<bos>",
        unk_token="<unk>",
        padding_side="left",
        model_max_length=length,
        clean_up_tokenization_spaces=False,
    )
