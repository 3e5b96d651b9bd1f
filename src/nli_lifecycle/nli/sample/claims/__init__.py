"""Every claim of the grammar, phenomenon by phenomenon."""

from __future__ import annotations

from nli_lifecycle.nli.sample.claim import Claim
from nli_lifecycle.nli.sample.claims.lexical import LEXICAL
from nli_lifecycle.nli.sample.claims.negation import NEGATION
from nli_lifecycle.nli.sample.claims.numerals import NUMERALS
from nli_lifecycle.nli.sample.claims.order import ORDER
from nli_lifecycle.nli.sample.claims.paraphrase import PARAPHRASE
from nli_lifecycle.nli.sample.claims.quantifiers import QUANTIFIERS
from nli_lifecycle.nli.sample.claims.roles import DATIVE, VOICE
from nli_lifecycle.nli.sample.claims.structure import COORDINATION, RELATIVE

CLAIMS: tuple[Claim, ...] = (
    *LEXICAL,
    *QUANTIFIERS,
    *NEGATION,
    *NUMERALS,
    *ORDER,
    *VOICE,
    *DATIVE,
    *COORDINATION,
    *RELATIVE,
    *PARAPHRASE,
)

#: Premises that touch people and things of a scene, and leave every claim about it open.
BESIDE: tuple[str, ...] = (
    "{a} and {b} talked about the {leaf.plural} for {n} hours",
    "{a} asked {b} what the {group.plural} thought of the {leaf.plural}",
    "a {group} explained to {a} and {b} how to {do.base}",
    "a {group} did not know whether {a} had spoken to {b} about {do.ing}",
    "nobody told {a} how many {leaf.plural} the {group.plural} had seen",
    "{b} was not sure why {a} had asked about {thing} and the {leaf.plural}",
)
