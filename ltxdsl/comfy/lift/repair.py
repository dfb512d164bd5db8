"""From a difference between two prompts to a spelling that takes it away.

A literal is only spelled where it does not change what is seen and heard (SPELLINGS); everything else that differs
is taken as it stands, as raw nodes which give their outputs to the statement's own nodes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

from ltxdsl.comfy.builder import Place
from ltxdsl.comfy.catalogue import catalogue
from ltxdsl.comfy.equal import SAME, SCHEDULERS, numbers
from ltxdsl.comfy.interface import known_sockets
from ltxdsl.comfy.lift.draft import Piece, Spelled, Word
from ltxdsl.comfy.lift.models import IN_ONE, RELAYS, relay_lengths, relay_texts
from ltxdsl.comfy.lift.prove import Trial
from ltxdsl.comfy.lift.same import ALL, PADS, SPELLINGS, in_common
from ltxdsl.comfy.lift.stage import TERMS
from ltxdsl.comfy.lift.target import Out, Target, is_number, is_placeholder
from ltxdsl.comfy.lift.words import schedule_word
from ltxdsl.comfy.validate import link_of
from ltxdsl.geometry import TEMPORAL
from ltxdsl.grammar.write import quoted
from ltxdsl.ops.patches import NORMALIZING
from ltxdsl.sampling.relay import equal_lengths, lengths_from_pixels
from ltxdsl.sampling.schedules import partial

ON_MODEL = ("LoraLoaderModelOnly", IN_ONE)  # of which a prompt's own encoder may come, too
# What a node of another class has besides, as an editor makes it.
FILLED = {("LoraLoaderModelOnly", "strength_clip"), ("ManualSigmas", "denoise")}
FROZEN = 2  # the output of LTXVSetAudioRefTokens with the sound that is kept
ENDS = ("SamplerCustomAdvanced", NORMALIZING, "LTXVSeparateAVLatent")  # what is right of these is not made into another


class Which(NamedTuple):
    """Which nodes a spelling is for: of which pass or save, class, class in its place, the how manieth (0 = all)."""

    op: Hashable
    type: str
    other: str
    nth: int


class Taken(NamedTuple):
    """A link of a node that no row makes; `border` is that by which a later statement came to the node, if one did."""

    which: Which
    name: str
    out: Out
    reader: str
    border: Taken | None


class Pair(NamedTuple):
    """A node that was made, and what it is to be."""

    made: str
    wanted: str
    border: Taken | None = None


class Edit(NamedTuple):
    """One line of a spelling, or with no input its other class; `raw` is a node that must be written as it stands."""

    which: Which
    input: str
    value: Any
    raw: str = ""
    out: Out | None = None  # what a word stands for

    def of(self, piece: Piece) -> Spelled:
        """The spelling that it is a line of."""
        return piece.spell(*self.which[1:])

    def is_said(self, piece: Piece) -> bool:
        """Whether a piece has it already."""
        said = piece.spells.get(self.which[1:])
        return said is not None and (not self.input or said.lines.get(self.input, piece) == self.value)

    def say(self, piece: Piece) -> None:
        """Add it to a piece."""
        spelled = self.of(piece)
        if self.input:
            spelled.lines[self.input] = self.value


class Repairer:
    """Compares what a piece made with what it was to make."""

    def __init__(self, target: Target, trial: Trial, words: dict[tuple[str, int], Word]) -> None:
        self.target, self.trial, self.words = target, trial, words
        self.made = trial.lowered
        self.partner: dict[str, str] = {}  # a node that is wanted: the one made for it
        self.op: Hashable = None  # the pass that is repaired
        self.taken: list[Taken] = []  # links that no row makes
        # Where each pass ends: what comes after that is nothing that its own nodes could take.
        self.ends = {place.op: end for end, id in trial.made.items() if (place := trial.places.get(id))}

    def edits(self, made: str, wanted: str) -> Iterator[Edit]:
        """What to spell so that the node `made` becomes the node `wanted`."""
        waiting, seen = [Pair(made, wanted)], set[tuple[str, str]]()
        self.taken.clear()
        self.op = place.op if (place := self.trial.places.get(made)) else None
        while waiting:
            pair = waiting.pop()
            if pair[:2] in seen or self.made.digests[pair.made] == self.target.digests[pair.wanted]:
                continue
            seen.add(pair[:2])
            self.partner.setdefault(pair.wanted, pair.made)
            yield from self._node(pair, waiting)
        for taken in dict.fromkeys(self._sayable(one) for one in self.taken):
            yield self._as_it_stands(taken.which, taken.name, taken.out, taken.reader)

    def _sayable(self, taken: Taken) -> Taken:
        """A link, or that by which a later statement reads the pass, where the link is of what comes after it."""
        end = self.ends.get(taken.which.op)
        late = end is not None and taken.out.node != end and end in self.target.cone([taken.out.node])
        return taken.border if late and taken.border else taken

    def _node(self, pair: Pair, waiting: list[Pair]) -> Iterator[Edit]:
        made, wanted = pair.made, pair.wanted
        was, kind = self._original(made), self.target.kind(wanted)
        place = self.trial.sharers.get(made, {}).get(self.op) or self.trial.places.get(made)
        if kind != was and not self._may_be(made, wanted):
            raise Differs(f"{was} is to be {kind}")
        nth = place.nth if place and not place.alone else 0
        is_so = self.made.kind(made) == kind
        spelled = Which(self._of(made, place), was, "" if is_so and kind == was else kind, nth)
        if not is_so:
            yield Edit(spelled, "", None)
            return
        mine, theirs = self.made.inputs(made), self.target.inputs(wanted)
        for name in dict.fromkeys((*theirs, *mine)):
            if name in theirs:
                yield from self._input(name, pair, spelled, waiting)
            else:
                yield Edit(spelled, name, Word("none"))

    def _of(self, made: str, place: Place | None) -> Hashable:
        """The pass that a node is to be spelled in: the one at hand, where it shares a node that is right elsewhere."""
        shared = self.op in self.trial.sharers.get(made, ()) and self.made.digests[made] in self.target.count
        return self.op if shared or place is None else place.op

    def _original(self, made: str) -> str:
        """The class that a row has written, before a spelling."""
        place = self.trial.places.get(made)
        return place.type if place else self.made.kind(made)

    def _input(self, name: str, pair: Pair, spelled: Which, waiting: list[Pair]) -> Iterator[Edit]:
        mine, wanted = self.made.inputs(pair.made), self.target.inputs(pair.wanted)[name]
        ours, out = mine.get(name), self.target.link(pair.wanted, name)
        if out is None:
            if name not in mine or not _equal(ours, wanted):
                filled = (spelled.type, name) in FILLED or spelled.other in SCHEDULERS  # asked before it was spelled
                if (name in mine and not filled) or not spelled.other:
                    self._check(spelled.other or spelled.type, name, ours, wanted)
                yield Edit(spelled, name, wanted)
            return
        own, taken = self.made.link(pair.made, name), Taken(spelled, name, out, pair.made, pair.border)
        if own is None:
            self.taken.append(taken)
            return
        place = self.trial.places.get(own.node)
        border = taken if place and place.op in self.ends and place.op != spelled.op else pair.border
        equal = self.made.digests[own.node] == self.target.digests[out.node]
        right = self.made.digests[own.node] in self.target.count and self._original(own.node) in ENDS
        if not equal and (right or not self._alike(own.node, out.node)):
            if behind := self._skipped(own, out, spelled):
                yield Edit(spelled, name, Word(self._original(behind)))
                waiting.append(Pair(behind, out.node, border))
                return
            self.taken.append(taken)
            return
        if own.slot != out.slot:
            if not self._same_output(own.node, {own.slot, out.slot}):
                self.taken.append(taken)
                return
            yield Edit(spelled, name, Word(f"{name} {out.slot}"))
        if not equal:
            waiting.append(Pair(own.node, out.node, border))

    def _skipped(self, own: Out, out: Out, spelled: Which) -> str | None:
        """A node of the same pass that does what is wanted, behind nodes that only trim and pad."""
        id, found = own.node, out.slot == 0
        while found and (name := PADS.get(self._original(id))) and (link := self.made.link(id, name)):
            id = link.node
            place = self.trial.places.get(id)
            found = link.slot == 0 and place is not None and place.op == spelled.op
            if found and (self.made.digests[id] == self.target.digests[out.node] or self._alike(id, out.node)):
                return id
        return None

    def _check(self, kind: str, name: str, ours: Any, wanted: Any) -> None:
        if not allowed(kind, name, ours, wanted):
            raise Differs(f"{kind}.{name}: {ours!r} is to be {wanted!r}")

    def _same_output(self, made: str, slots: set[int]) -> bool:
        """A sampler that ends at sigma 0 has the same result in both outputs."""
        if self._original(made) == "SetLatentNoiseMask":
            return slots == {0, FROZEN}  # a mask by that node
        sigmas = self.made.link(made, "sigmas")
        if self._original(made) != "SamplerCustomAdvanced" or sigmas is None or not slots <= {0, 1}:
            return False
        return numbers(self.made.value(sigmas.node, "sigmas"))[-1:] in ([0.0], [])

    def _alike(self, made: str, wanted: str) -> bool:
        was, kind = self._original(made), self.target.kind(wanted)
        if wanted in self.target.marks or (kind != was and not self._may_be(made, wanted)):
            return False  # one that is marked stands there as it is
        if kind == "LTXVSeparateAVLatent" and not self._of_one_pass(made, wanted):
            return False
        mine = self.made.inputs(made)
        literals = {n: v for n, v in self.target.inputs(wanted).items() if self.target.link(wanted, n) is None}
        return kind != was or all(
            (name in mine and _equal(mine[name], value)) or allowed(kind, name, mine.get(name), value)
            for name, value in literals.items()
        )

    def _of_one_pass(self, made: str, wanted: str) -> bool:
        """Whether two separations are of the same sampler, where that is right already."""
        ours, theirs = self.made.link(made, "av_latent"), self.target.link(wanted, "av_latent")
        if ours is None or theirs is None or self.made.digests[ours.node] not in self.target.count:
            return True
        return self.made.digests[ours.node] == self.target.digests[theirs.node]

    def _may_be(self, made: str, wanted: str) -> bool:
        """Whether a node of another class does the same."""
        was, kind = self._original(made), self.target.kind(wanted)
        if kind == self.made.kind(made):
            return True  # it was asked before it was spelled
        ours, wanted_inputs = self.made.inputs(made), self.target.inputs(wanted)
        if was == "SamplerCustomAdvanced":
            return kind in SAME[was] and self._same_sampling(made, wanted_inputs)
        if was == "ClownSampler_Beta":
            return bool(str(ours.get("sampler_name")).rpartition("/")[2] == wanted_inputs.get("sampler_name"))
        if kind == "BasicGuider":
            return bool(ours.get("cfg", 1) == 1)
        if kind == "LTXVDualCFGGuider":
            return (wanted_inputs.get("video_cfg"), wanted_inputs.get("audio_cfg")) == self._both_cfgs(made)
        return _may_be(was, kind, ours, wanted_inputs)

    def _both_cfgs(self, made: str) -> tuple[Any, Any] | None:
        """The cfg of picture and sound of a guider that has no other terms."""
        if (cfg := self.made.value(made, "cfg")) is not None:
            return cfg, cfg
        if (known := self.made.inputs(made)).keys() >= {"video_cfg", "audio_cfg"}:
            return known["video_cfg"], known["audio_cfg"]  # spelled already
        found: dict[Any, Any] = {}
        at = self.made.link(made, "parameters")
        while at:
            terms = self.made.inputs(at.node)
            if any(terms.get(name) != off for name, (_, off) in TERMS.items() if name != "cfg"):
                return None
            found[terms.get("modality")] = terms.get("cfg")
            at = self.made.link(at.node, "parameters")
        return found.get("VIDEO"), found.get("AUDIO")

    def _same_sampling(self, made: str, wanted: dict[str, Any]) -> bool:
        """Whether a sampler in one node has the numbers of one in several."""
        parts = {name: out.node for name, out in self.made.links(made).items()}
        if not {"noise", "guider", "sampler", "sigmas"} <= parts.keys():
            return False
        ours = {
            "cfg": self.made.value(parts["guider"], "cfg", 1.0),
            "seed": self.made.value(parts["noise"], "noise_seed"),
            "noise_seed": self.made.value(parts["noise"], "noise_seed"),
            "sampler_name": self.made.value(parts["sampler"], "sampler_name"),
            "steps": len(numbers(self.made.value(parts["sigmas"], "sigmas"))) - 1,
            "denoise": 1,
            "add_noise": True,
        }
        return all(
            wanted[name] == value for name, value in ours.items() if name in wanted and not link_of(wanted[name])
        )

    def _as_it_stands(self, which: Which, name: str, out: Out, reader: str) -> Edit:
        """A link by a word, by a class of the same pass, or from a raw node."""
        digest = self.target.digests[out.node]
        if word := self.words.get((digest, out.slot)):
            return Edit(which, name, word, out=out)
        shared = in_common(which.type, name)
        own = which._replace(op=self.op) if shared else which
        for id, place in self.trial.places.items():
            if shared and not (place.type in ON_MODEL and which.type == "CLIPTextEncode"):
                continue
            mine = self.made.digests[id] == digest or self.partner.get(out.node) == id
            here = own.op in self.trial.sharers.get(id, ())
            if mine and here and (shared or int(id) < int(reader)):
                said = place.type if place.type.isidentifier() else quoted(place.type)
                return Edit(own, name, Word(f"{said} {out.slot}" if out.slot or said != place.type else said))
        return Edit(which, name, out, raw=out.node)


def _same_schedule(sigmas: list[float], wanted: dict[str, Any]) -> bool:
    """Whether a scheduler has as many steps; one that does not begin at noise, also the same numbers."""
    steps, share = wanted.get("steps"), wanted.get("denoise", 1)
    steps = len(sigmas) - 1 if is_placeholder(steps) else steps
    if share == 1 or not (isinstance(steps, int) and isinstance(share, int | float)):
        return bool(share == 1 and steps == len(sigmas) - 1)
    made = partial(schedule_word(wanted.get("scheduler")), steps, share)
    return len(made) == len(sigmas) and all(abs(a - b) < 1e-6 for a, b in zip(made, sigmas, strict=True))


def _may_be(was: str, kind: str, ours: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a node of another class does the same."""
    if was == "ManualSigmas":
        return kind in SCHEDULERS and _same_schedule(numbers(ours.get("sigmas")), wanted)
    if kind == "LTXAddVideoICLoRAGuideAdvanced":
        return bool(wanted.get("attention_strength") == 1 and "attention_mask" not in wanted)
    return kind in SAME.get(was, {})


class Differs(Exception):
    """A literal that means something else than the statement says."""


def allowed(kind: str, name: str, ours: Any, wanted: Any) -> bool:
    """Whether a literal may be written otherwise without a change of what is made."""
    free = SPELLINGS.get(kind, ())
    if free == ALL or name in free or (is_number(ours) and is_placeholder(wanted)):
        return True
    if ours is None and _is_unread(kind, name):
        return True
    match kind, name:
        case "KSamplerSelect", "sampler_name":
            return bool(str(ours).rpartition("/")[2] == wanted)  # of RES4LYF, which has its samplers in families
        case _, "local_prompts" if kind in RELAYS:
            return relay_texts(ours) == relay_texts(wanted)
        case _, "segment_lengths" if kind in RELAYS:
            return _same_segments(relay_lengths(ours), relay_lengths(wanted))
        case "ManualSigmas", "sigmas":
            return numbers(ours) == numbers(wanted)
        case "EmptyLTXVLatentVideo", "width" | "height":
            return isinstance(wanted, int) and wanted // 32 * 32 == ours
        case "LTXVImgToVideoInplaceKJ", _ if ".index_" in name:
            return bool(wanted == -1 and ours >= 0)
        case ("LTXVAddGuide", "frame_idx") | ("LTXVAddGuideMulti", "num_guides.frame_idx_1"):
            return bool(ours == -1 and wanted > 0)  # by its number
        case "EmptyLTXVLatentVideo", "length":
            return isinstance(wanted, int) and (wanted - 1) // 8 * 8 + 1 == ours
    return False


def _same_segments(ours: list[int] | None, wanted: list[int] | None) -> bool:
    """Whether a relay's lengths in pixel frames come to the same latents; ours fill as many as the clip has."""
    if ours is None or wanted is None:
        return False
    latents = [length // TEMPORAL for length in ours]
    if not wanted:
        return latents == equal_lengths(sum(latents), len(ours))
    return len(wanted) == len(ours) and lengths_from_pixels(wanted, sum(latents)) == latents


def _is_unread(kind: str, name: str) -> bool:
    """Whether a node that is known has no such input: a server does not look at it."""
    sockets = known_sockets(catalogue()[kind], {}) if kind in catalogue() else {}
    return bool(sockets) and name.partition(".")[0] not in sockets


def _equal(ours: Any, wanted: Any) -> bool:
    if isinstance(ours, bool) or isinstance(wanted, bool):
        return ours is wanted
    return bool(ours == wanted)
