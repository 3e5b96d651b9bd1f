"""Words of the dev environment; the theatre appears in its test split only."""

from __future__ import annotations

from nli_lifecycle.nli.sample.topic import Topic, Vocabulary

_KITCHEN = Topic(
    name="kitchen",
    people=("chef", "waiter", "baker", "dishwasher", "butcher", "grocer", "caterer", "barista"),
    deeds=("thank", "tease", "greet", "scold", "hug", "praise"),
    chores={
        "slice the bread": "cut the bread into slices",
        "heat the oven": "make the oven hot",
        "discard the leftovers": "throw away the leftovers",
        "mend the blender": "repair the blender",
        "taste the sauce": "try some of the sauce",
        "lock the pantry": "close the pantry with a key",
        "hide the biscuits": "put the biscuits out of sight",
        "salt the stew": "add salt to the stew",
    },
    habits=(
        "wear a [white] apron",
        "sample the [spicy] soup",
        "carry a [silver] tray",
        "arrive [before dawn]",
        "own a [copper] pan",
        "burn a [thick] pancake",
        "sing [loudly]",
    ),
    acts=(
        ("fry", "cook", "peel", "the potatoes"),
        ("whisk", "mix", "smell", "the batter"),
        ("devour", "eat", "admire", "the pudding"),
    ),
    kind="fruit",
    kinds={
        "berry": ("strawberry", "raspberry", "cranberry"),
        "citrus fruit": ("lemon", "lime", "grapefruit"),
        "melon": ("watermelon", "cantaloupe", "honeydew"),
    },
    gets=("buy", "choose", "photograph", "weigh"),
)

_SCHOOL = Topic(
    name="school",
    people=("teacher", "pupil", "librarian", "janitor", "headmaster", "secretary", "inspector"),
    deeds=("encourage", "interrupt", "imitate", "congratulate", "question", "ignore"),
    chores={
        "erase the blackboard": "wipe the blackboard clean",
        "correct the essays": "take the mistakes out of the essays",
        "collect the worksheets": "gather the worksheets",
        "solve the riddle": "find the answer to the riddle",
        "memorise the poem": "learn the poem by heart",
        "close the classroom": "shut the classroom",
        "hide the chalk": "put the chalk out of sight",
        "postpone the quiz": "put off the quiz until later",
    },
    habits=(
        "carry a [leather] backpack",
        "own a [wooden] ruler",
        "fear the [spelling] exam",
        "draw a [large] triangle",
        "speak [slowly]",
        "bring a [warm] lunch",
        "sit on the [long] carpet",
    ),
    acts=(
        ("scribble", "write", "read", "the note"),
        ("shout", "say", "hear", "the password"),
        ("sketch", "draw", "study", "the map"),
    ),
    kind="publication",
    kinds={
        "book": ("novel", "dictionary", "cookbook", "phrase book"),
        "newspaper": ("tabloid", "broadsheet"),
        "magazine": ("fashion magazine", "science magazine", "chess magazine"),
    },
    gets=("borrow", "find", "steal", "buy"),
)

_FARM = Topic(
    name="farm",
    people=("farmer", "shepherd", "blacksmith", "vet", "stable boy", "miller", "hunter"),
    deeds=("help", "visit", "follow", "warn", "trust", "call"),
    chores={
        "feed the chickens": "give the chickens some food",
        "milk the cows": "get milk from the cows",
        "repair the fence": "mend the fence",
        "fell the pine": "cut down the pine",
        "buy the tractor": "purchase the tractor",
        "sharpen the scythe": "make the scythe sharp",
        "bury the bone": "put the bone in the ground",
        "harvest the wheat": "bring in the wheat",
    },
    habits=(
        "ride a [grey] pony",
        "carry a [full] bucket",
        "get up [before sunrise]",
        "drink [fresh] cider",
        "own a [rusty] plough",
        "whistle [loudly]",
        "wear [muddy] boots",
    ),
    acts=(
        ("hurl", "throw", "count", "the stones"),
        ("drag", "move", "paint", "the cart"),
    ),
    kind="animal",
    kinds={
        "bird": ("goose/geese", "hen", "pigeon"),
        "dog": ("poodle", "beagle", "sheepdog"),
        "insect": ("beetle", "cricket", "butterfly"),
    },
    gets=("spot", "photograph", "catch", "find"),
)

_GARDEN = Topic(
    name="garden",
    people=("gardener", "florist", "beekeeper", "neighbour", "landlord", "botanist", "painter"),
    deeds=("invite", "greet", "annoy", "embrace", "consult", "recognise"),
    chores={
        "water the lawn": "sprinkle water on the lawn",
        "trim the hedge": "cut the hedge a little shorter",
        "sweep the path": "clean the path with a broom",
        "rake the leaves": "gather the leaves with a rake",
        "plant the bulbs": "put the bulbs in the soil",
        "paint the bench": "give the bench a coat of paint",
        "empty the wheelbarrow": "take everything out of the wheelbarrow",
        "mend the gate": "repair the gate",
    },
    habits=(
        "bring a [large] umbrella",
        "wear [thick] gloves",
        "eat a [ripe] pear",
        "laugh [loudly]",
        "buy a [plastic] rake",
        "stay [until dusk]",
        "sit on the [stone] wall",
    ),
    acts=(
        ("snip", "cut", "wash", "the ribbon"),
        ("yank", "pull", "grease", "the lever"),
        ("smash", "break", "clean", "the lantern"),
    ),
    kind="plant",
    kinds={
        "flower": ("tulip", "rose", "daisy"),
        "tree": ("oak", "willow", "birch"),
        "cactus/cacti": ("prickly pear", "saguaro"),
    },
    gets=("draw", "buy", "measure", "photograph"),
)

_THEATRE = Topic(
    name="theatre",
    people=("actor", "dancer", "clown", "director", "usher", "playwright", "puppeteer"),
    deeds=("applaud", "kiss", "mock", "interview", "flatter", "welcome"),
    chores={
        "rehearse the duet": "practise the duet",
        "dim the spotlights": "make the spotlights less bright",
        "lower the curtain": "let down the curtain",
        "borrow the wigs": "take the wigs on loan",
        "review the musical": "write a review of the musical",
        "record the ballad": "make a recording of the ballad",
        "decorate the stage": "put decorations on the stage",
    },
    habits=(
        "wear a [golden] mask",
        "learn the [final] monologue",
        "bow [twice]",
        "hold a [burning] torch",
        "sign a [long] contract",
        "cry [quietly]",
    ),
    acts=(
        ("whisper", "say", "learn", "the lines"),
        ("nail", "fasten", "polish", "the sign"),
        ("singe", "burn", "iron", "the sleeve"),
    ),
    kind="garment",
    kinds={
        "hat": ("beret", "bonnet", "sombrero"),
        "skirt": ("miniskirt", "kilt", "tutu"),
        "coat": ("parka", "raincoat", "overcoat"),
    },
    gets=("buy", "borrow", "design", "steal"),
)

DEV = Vocabulary(
    topics=(_KITCHEN, _SCHOOL, _FARM, _GARDEN, _THEATRE),
    names=tuple(
        "Anna Omar Lina Pavel Greta Hugo Ines Jonas Katya Leo Mira Nils Olga Pedro Rosa Samir "
        "Tessa Viktor Wanda Yusuf Clara Dario Elif Felix".split()
    ),
    cities=("Lisbon", "Oslo", "Prague", "Dublin", "Vienna", "Naples"),
    traits=("young", "French", "left-handed", "bearded", "cheerful", "tired"),
    looks=("small", "expensive", "brown", "strange", "beautiful"),
    scales=(("taller", "shorter", "tall"), ("older", "younger", "old")),
    transfers=("give", "send", "bring"),
    weather=("windy", "cold", "cloudy"),
    test_only="theatre",
)
