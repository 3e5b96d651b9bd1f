"""Words that know their own forms, and the small amount of English spelling that takes.

Templates ask for a form by name, as in ``{do.past}`` or ``{group.plural}``, so no template and
no vocabulary spells a form out twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

#: Verbs whose past or participle no spelling rule gives: base → (past, participle).
IRREGULAR = {
    "bend": ("bent", "bent"),
    "break": ("broke", "broken"),
    "bring": ("brought", "brought"),
    "buy": ("bought", "bought"),
    "catch": ("caught", "caught"),
    "choose": ("chose", "chosen"),
    "cut": ("cut", "cut"),
    "do": ("did", "done"),
    "draw": ("drew", "drawn"),
    "drink": ("drank", "drunk"),
    "eat": ("ate", "eaten"),
    "feed": ("fed", "fed"),
    "find": ("found", "found"),
    "forgive": ("forgave", "forgiven"),
    "freeze": ("froze", "frozen"),
    "get": ("got", "got"),
    "give": ("gave", "given"),
    "go": ("went", "gone"),
    "hang": ("hung", "hung"),
    "hear": ("heard", "heard"),
    "hide": ("hid", "hidden"),
    "hit": ("hit", "hit"),
    "hold": ("held", "held"),
    "keep": ("kept", "kept"),
    "lead": ("led", "led"),
    "leave": ("left", "left"),
    "lend": ("lent", "lent"),
    "let": ("let", "let"),
    "light": ("lit", "lit"),
    "lose": ("lost", "lost"),
    "make": ("made", "made"),
    "misunderstand": ("misunderstood", "misunderstood"),
    "overhear": ("overheard", "overheard"),
    "overtake": ("overtook", "overtaken"),
    "put": ("put", "put"),
    "quit": ("quit", "quit"),
    "read": ("read", "read"),
    "rewind": ("rewound", "rewound"),
    "ride": ("rode", "ridden"),
    "ring": ("rang", "rung"),
    "say": ("said", "said"),
    "sell": ("sold", "sold"),
    "send": ("sent", "sent"),
    "set": ("set", "set"),
    "show": ("showed", "shown"),
    "shut": ("shut", "shut"),
    "sing": ("sang", "sung"),
    "sit": ("sat", "sat"),
    "speak": ("spoke", "spoken"),
    "steal": ("stole", "stolen"),
    "stick": ("stuck", "stuck"),
    "sweep": ("swept", "swept"),
    "swim": ("swam", "swum"),
    "take": ("took", "taken"),
    "tear": ("tore", "torn"),
    "tell": ("told", "told"),
    "throw": ("threw", "thrown"),
    "undo": ("undid", "undone"),
    "wake": ("woke", "woken"),
    "wear": ("wore", "worn"),
    "wet": ("wet", "wet"),
    "write": ("wrote", "written"),
}

_SHORT_STEM = re.compile(r"(?:un|out)?[^aeiou]*(?:qu)?[aeiou][^aeiouwxy]")
_ARTICLE = re.compile(r"\b([Aa])n? (?=(\w+))")
_VOWEL_SOUND = re.compile(r"(?!uni|use|euro|one)[aeiou]|hour|honest|heir|x-", re.IGNORECASE)


@dataclass(frozen=True)
class Noun:
    """A countable noun or noun phrase; as text it is the singular."""

    singular: str
    plural: str

    def __str__(self) -> str:
        return self.singular

    def with_tail(self, tail: str) -> Noun:
        """Add the same words after singular and plural, as in 'waiters from Oslo'."""
        return Noun(f"{self.singular} {tail}", f"{self.plural} {tail}")


@dataclass(frozen=True)
class Action:
    """A verb with an optional tail ('wash' + 'the plates') in the forms templates use."""

    base: str  # wash the plates
    past: str  # washed the plates
    ing: str  # washing the plates
    perfect: str  # washed the plates, as after "had"
    passive: str  # the plates were washed; only meaningful for a tail that is one noun phrase
    unpassive: str  # the plates were not washed


@cache
def noun(text: str) -> Noun:
    """Make a noun from its singular, or from 'singular/plural' where the plural is irregular.

    Args:
        text: 'waiter', 'citrus fruit' or 'passer-by/passers-by'.

    Returns:
        Both forms.
    """
    singular, _, plural = text.partition("/")
    if plural:
        return Noun(singular, plural)
    if " of " in singular:  # the head comes first: 'piece of furniture'
        head, _, rest = singular.partition(" ")
        return noun(head).with_tail(rest)
    if re.search(r"(?:s|x|ch|sh)$", singular):
        return Noun(singular, singular + "es")
    if re.search(r"[^aeiou]y$", singular):
        return Noun(singular, singular[:-1] + "ies")
    return Noun(singular, singular + "s")


@cache
def action(text: str) -> Action:
    """Make an action from its base form.

    Args:
        text: a verb phrase whose first word is the verb. Where the tail is one noun phrase
            it counts as plural when it ends in 's'; vocabularies keep to that.

    Returns:
        Every form of the phrase.
    """
    verb, _, tail = text.partition(" ")
    tail = f" {tail}" if tail else ""
    past, done = _past_and_participle(verb)
    was = "were" if tail.endswith("s") else "was"
    return Action(
        base=verb + tail,
        past=past + tail,
        ing=_ing(verb) + tail,
        perfect=done + tail,
        passive=f"{tail.strip()} {was} {done}",
        unpassive=f"{tail.strip()} {was} not {done}",
    )


def sentence(text: str) -> str:
    """Finish a rendered template: the right 'a' or 'an', a capital letter, a full stop.

    Args:
        text: words of one or more sentences, written with 'a' before every noun.

    Returns:
        The text as it would be printed.
    """
    text = _ARTICLE.sub(lambda m: m[1] + ("n " if _VOWEL_SOUND.match(m[2]) else " "), text)
    return ". ".join(part[:1].upper() + part[1:] for part in text.split(". ")) + "."


def _past_and_participle(verb: str) -> tuple[str, str]:
    if verb in IRREGULAR:
        return IRREGULAR[verb]
    if verb.endswith("e"):
        regular = verb + "d"
    elif re.search(r"[^aeiou]y$", verb):
        regular = verb[:-1] + "ied"
    else:
        regular = _doubled(verb) + "ed"
    return regular, regular


def _ing(verb: str) -> str:
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "ye")):
        return verb[:-1] + "ing"
    return _doubled(verb) + "ing"


def _doubled(verb: str) -> str:
    """Double the last letter of a short stem: stop → stopp(ed), but clean → clean(ed)."""
    return verb + verb[-1] if _SHORT_STEM.fullmatch(verb) else verb
