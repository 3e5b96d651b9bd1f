"""How an environment talks: how often claims are framed, which phenomena it favours, its tone.

Frames and openers are added to premises without looking at the label, and say nothing about
the claim: they are factive ('noticed that') or stand beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from nli_lifecycle.nli.sample.scene import Scene

_FRAMES = (
    "it was a {weather} day in {town}, and {core}",
    "{witness} noticed that {core}",
    "{core}, which surprised {witness}",
    "{core}, although it was {weather} in {town}",
    "{core}, and {witness} did not mind",
    "everyone in {town} knew that {core}",
)
_ASIDES = (
    "{witness} had just come back from {city}. {core}",
    "the trains to {city} were late. {core}",
    "{core}. {witness} was the first to hear of it",
    "{core}. {witness} told friends in {city} about it",
)
_OPENERS = ("so, ", "well, ", "honestly, ", "by the way, ", "ok, ")
_CONTRACTIONS = (
    (re.compile(r"\b([Dd]id|[Ww]as|[Ww]ere|[Hh]ad) not\b"), r"\1n't"),
    (re.compile(r"\b([Cc]ould) not\b"), r"\1n't"),
)

#: What turns on word order alone is hard for a small model: fewer of those.
_WEIGHTS = {"lexical": 1.3, "comparatives": 0.6, "order": 0.6, "relative_clause": 0.6}


@dataclass(frozen=True)
class Style:
    """Register of an environment.

    Attributes:
        frame_share: share of premises put into a frame.
        aside_share: share of premises with a second, irrelevant sentence.
        casual_share: share of texts with contractions, and of premises with an opener.
        weights: phenomenon → how often it is drawn relative to the others (1).
    """

    frame_share: float = 0.45
    aside_share: float = 0.0
    casual_share: float = 0.0
    weights: Mapping[str, float] = field(default_factory=lambda: _WEIGHTS)

    def dress(self, core: str, scene: Scene, random: Random) -> str:
        """Put a premise into this style.

        Args:
            core: the premise that carries the label.
            scene: where frames take their words from.
            random: source of chance.

        Returns:
            The premise as this environment would say it, not yet punctuated.
        """
        if random.random() < self.frame_share:
            core = random.choice(_FRAMES).format(core=core, **scene)
        if random.random() < self.aside_share:
            core = random.choice(_ASIDES).format(core=core, **scene)
        if random.random() < self.casual_share:
            core = random.choice(_OPENERS) + core
        return self.relax(core, random)

    def relax(self, text: str, random: Random) -> str:
        """Contract negated auxiliaries in a share of texts, whatever their label."""
        if random.random() < self.casual_share:
            for pattern, short in _CONTRACTIONS:
                text = pattern.sub(short, text)
        return text


STYLES: Mapping[str, Style] = {
    "dev": Style(),
    "staging": Style(),
    "prod": Style(
        frame_share=0.65,
        aside_share=0.35,
        casual_share=0.3,
        weights=_WEIGHTS | {"negation": 1.6, "numerals": 1.6, "order": 1.2},
    ),
}
