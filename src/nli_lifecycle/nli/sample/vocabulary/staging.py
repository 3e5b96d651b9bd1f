"""Words of the staging environment; none of them occurs in dev or prod."""

from __future__ import annotations

from nli_lifecycle.nli.sample.topic import Topic, Vocabulary

_HOSPITAL = Topic(
    name="hospital",
    people=("nurse", "surgeon", "patient", "pharmacist", "dentist", "paramedic", "porter"),
    deeds=("comfort", "assist", "reassure", "phone", "insult", "avoid"),
    chores={
        "sterilise the needles": "make the needles germ-free",
        "bandage the wound": "put a bandage on the wound",
        "refill the tank": "fill up the tank again",
        "tidy the ward": "make the ward neat",
        "delay the operation": "put the operation back a few days",
        "inform the relatives": "let the relatives know",
        "calm the toddler": "settle the toddler down",
        "check the bill": "go over the bill",
    },
    habits=(
        "swallow a [bitter] pill",
        "request a [second] pillow",
        "use the [northern] lift",
        "need a [powerful] painkiller",
        "sneeze [violently]",
        "complete a [lengthy] form",
        "doze [after supper]",
    ),
    acts=(
        ("sprain", "injure", "massage", "the ankle"),
        ("grill", "prepare", "inspect", "the salmon"),
    ),
    kind="piece of furniture",
    kinds={
        "chair": ("armchair", "deckchair", "recliner"),
        "table": ("picnic table", "nightstand", "dressing table"),
        "bed": ("cot", "bunk", "sofa bed"),
    },
    gets=("acquire", "assemble", "request", "donate"),
)

_HARBOUR = Topic(
    name="harbour",
    people=("captain", "sailor", "fisherman/fishermen", "diver", "lifeguard", "dockworker"),
    deeds=("rescue", "salute", "obey", "blame", "contact", "challenge"),
    chores={
        "hoist the sail": "raise the sail",
        "anchor the barge": "secure the barge with an anchor",
        "fix the winch": "get the winch working again",
        "untie the knot": "undo the knot",
        "inflate the dinghy": "pump air into the dinghy",
        "extinguish the fire": "put out the fire",
        "hire the crane": "rent the crane",
        "abandon the plan": "scrap the plan",
    },
    habits=(
        "need a [yellow] life jacket",
        "ring the [brass] bell",
        "swim [across the bay]",
        "gut a [huge] cod",
        "use a [broken] compass",
        "snore [noisily]",
        "acquire a [sturdy] net",
    ),
    acts=(
        ("splice", "join", "inspect", "the cables"),
        ("rinse", "wet", "tag", "the crates"),
        ("weld", "join", "bend", "the pipes"),
    ),
    kind="vehicle",
    kinds={
        "boat": ("canoe", "ferry", "yacht"),
        "car": ("taxi", "limousine", "convertible"),
        "aircraft/aircraft": ("helicopter", "glider", "jet"),
    },
    gets=("rent", "inspect", "acquire", "damage"),
)

_MUSIC = Topic(
    name="music",
    people=("conductor", "pianist", "singer", "composer", "drummer", "soloist", "critic"),
    deeds=("compliment", "criticise", "inspire", "distract", "phone", "support"),
    chores={
        "tune the piano": "adjust the strings of the piano",
        "compose the anthem": "create the music of the anthem",
        "skip the rehearsal": "keep away from the rehearsal",
        "translate the lyrics": "put the lyrics into another language",
        "upload the video": "put the video online",
        "commence the concert": "start the concert",
        "donate the royalties": "hand over the royalties to charity",
        "silence the crowd": "make the crowd go quiet",
    },
    habits=(
        "play a [slow] waltz",
        "miss the [opening] chorus",
        "misplace a [velvet] jacket",
        "clap [politely]",
        "request a [louder] encore",
        "hum [softly]",
        "improvise a [tricky] melody",
    ),
    acts=(
        ("strum", "play", "tune", "the banjo"),
        ("shred", "destroy", "fold", "the leaflets"),
    ),
    kind="instrument",
    kinds={
        "string instrument": ("violin", "cello", "harp"),
        "drum": ("bongo", "kettledrum", "snare drum"),
        "wind instrument": ("flute", "trumpet", "clarinet"),
    },
    gets=("rent", "restore", "acquire", "play"),
)

_MUSEUM = Topic(
    name="museum",
    people=("curator", "guard", "tourist", "historian", "sculptor", "collector", "archivist"),
    deeds=("notice", "advise", "underestimate", "accompany", "suspect", "misunderstand"),
    chores={
        "dust the statue": "brush the dust off the statue",
        "enlarge the hall": "make the hall bigger",
        "date the manuscript": "determine the age of the manuscript",
        "wrap the vase": "put paper around the vase",
        "extend the tour": "make the tour longer",
        "display the coins": "put the coins on display",
        "insure the mosaic": "take out insurance for the mosaic",
        "dismantle the skeleton": "take the skeleton apart",
    },
    habits=(
        "rent a [portable] headset",
        "touch the [marble] column",
        "use a [pocket] flashlight",
        "queue [patiently]",
        "skip the [Roman] gallery",
        "pocket a [glossy] postcard",
        "yawn [repeatedly]",
    ),
    acts=(
        ("engrave", "mark", "rotate", "the goblet"),
        ("gild", "adorn", "examine", "the altar"),
    ),
    kind="weapon",
    kinds={
        "sword": ("rapier", "sabre", "cutlass"),
        "gun": ("pistol", "musket", "rifle"),
        "spear": ("javelin", "harpoon", "pike"),
    },
    gets=("examine", "restore", "acquire", "display"),
)

STAGING = Vocabulary(
    topics=(_HOSPITAL, _HARBOUR, _MUSIC, _MUSEUM),
    names=tuple(
        "Aisha Bruno Carla Diego Emma Farid Gloria Henrik Irina Jamal Kira Luis Marta Noah "
        "Priya Quentin Ruth Stefan Tariq Ursula Vera Walter Zoe Boris".split()
    ),
    cities=("Hamburg", "Porto", "Athens", "Bergen", "Cardiff", "Seville"),
    traits=("retired", "Italian", "bald", "nervous", "married", "friendly"),
    looks=("cheap", "modern", "green", "fragile", "famous"),
    scales=(("faster", "slower", "fast"), ("richer", "poorer", "rich")),
    transfers=("sell", "show", "lend"),
    weather=("foggy", "mild", "stormy"),
)
