"""Words of the prod environment; none of them occurs in dev or staging."""

from __future__ import annotations

from nli_lifecycle.nli.sample.topic import Topic, Vocabulary

_OFFICE = Topic(
    name="office",
    people=("accountant", "manager", "intern", "engineer", "lawyer", "cleaner", "consultant"),
    deeds=("email", "impress", "overhear", "train", "disappoint", "tolerate"),
    chores={
        "staple the invoices": "attach the invoices to each other with a staple",
        "shorten the memo": "reduce the length of the memo",
        "approve the budget": "agree to the budget",
        "double the bonus": "make the bonus twice as big",
        "reject the proposal": "turn down the proposal",
        "update the calendar": "make the calendar current",
        "delete the spreadsheet": "get rid of the spreadsheet for good",
        "unplug the printer": "disconnect the printer from the socket",
    },
    habits=(
        "install the [latest] browser",
        "attend a [weekly] workshop",
        "print a [double-sided] agenda",
        "complain [bitterly]",
        "finalise a [detailed] report",
        "discuss the [monthly] deadline",
        "munch a [stale] doughnut",
    ),
    acts=(
        ("laminate", "cover", "arrange", "the posters"),
        ("smuggle", "transport", "inventory", "the folders"),
        ("crumple", "crease", "archive", "the receipts"),
    ),
    kind="device",
    kinds={
        "computer": ("laptop", "mainframe", "tablet"),
        "camera": ("webcam", "camcorder", "film camera"),
        "clock": ("alarm clock", "cuckoo clock", "grandfather clock"),
    },
    gets=("order", "test", "unpack", "replace"),
)

_TRAVEL = Topic(
    name="travel",
    people=("pilot", "passenger", "steward", "hiker", "backpacker", "innkeeper", "cyclist"),
    deeds=("overtake", "remember", "amuse", "telephone", "irritate", "pester"),
    chores={
        "pitch the tent": "set up the tent",
        "zip the suitcase": "do up the zip of the suitcase",
        "scale the cliff": "climb to the top of the cliff",
        "enter the tunnel": "go into the tunnel",
        "photocopy the passport": "make a photocopy of the passport",
        "dry the socks": "get the socks dry",
        "reach the summit": "make it to the top of the mountain",
        "exchange the dollars": "swap the dollars for other money",
    },
    habits=(
        "pack a [foldable] tent",
        "hail a [speeding] cab",
        "shiver [uncontrollably]",
        "dread the [overnight] shuttle",
        "crash a [flimsy] scooter",
        "explore the [ruined] castle",
        "nap [during the flight]",
    ),
    acts=(
        ("slurp", "consume", "sniff", "the noodles"),
        ("lob", "toss", "grab", "the frisbee"),
        ("shove", "push", "park", "the trolley"),
    ),
    kind="container",
    kinds={
        "bag": ("handbag", "rucksack", "satchel"),
        "box": ("toolbox", "lunchbox", "shoebox"),
        "bottle": ("wine bottle", "perfume bottle", "vial"),
    },
    gets=("order", "drop", "unpack", "replace"),
)

_WORKSHOP = Topic(
    name="workshop",
    people=("carpenter", "plumber", "electrician", "mechanic", "roofer", "apprentice", "tailor"),
    deeds=("email", "distrust", "outwit", "copy", "startle", "forgive"),
    chores={
        "varnish the cupboard": "cover the cupboard with varnish",
        "widen the doorway": "make the doorway wider",
        "tighten the screws": "make the screws tighter",
        "oil the hinges": "put oil on the hinges",
        "remove the wallpaper": "strip off the wallpaper",
        "charge the battery": "recharge the battery",
        "demolish the shed": "knock down the shed",
        "straighten the mirror": "make the mirror hang straight",
    },
    habits=(
        "carve a [walnut] spoon",
        "climb the [rickety] ladder",
        "operate a [noisy] drill",
        "sweat [heavily]",
        "chew a [sugarless] gumdrop",
        "dent a [metal] door",
        "quit [before noon]",
    ),
    acts=(
        ("superglue", "stick", "sand", "the tiles"),
        ("spray-paint", "colour", "stack", "the panels"),
        ("hammer", "hit", "sort", "the rivets"),
    ),
    kind="tool",
    kinds={
        "hammer": ("mallet", "sledgehammer", "gavel"),
        "knife/knives": ("penknife/penknives", "scalpel", "machete"),
        "saw": ("chainsaw", "hacksaw", "jigsaw"),
    },
    gets=("order", "drop", "misuse", "replace"),
)

_PARTY = Topic(
    name="party",
    people=("guest", "host", "bartender", "musician", "magician", "cousin", "colleague"),
    deeds=("dislike", "remember", "amuse", "copy", "startle", "tickle"),
    chores={
        "sweeten the punch": "add sugar to the punch",
        "light the candles": "set the candles alight",
        "unwrap the gift": "take the wrapping off the gift",
        "rewind the film": "spool the film back to the beginning",
        "mute the stereo": "turn off the sound of the stereo",
        "hang the garlands": "put up the garlands",
        "conceal the cake": "keep the cake hidden",
        "frame the portrait": "put the portrait in a frame",
    },
    habits=(
        "tell a [silly] joke",
        "dance [wildly]",
        "blush [deeply]",
        "crave a [salty] cracker",
        "don a [cardboard] crown",
        "gossip [openly]",
        "leave [after midnight]",
    ),
    acts=(
        ("nibble", "consume", "freeze", "the carrots"),
        ("mince", "chop", "sniff", "the onions"),
        ("croon", "perform", "dedicate", "the serenade"),
    ),
    kind="beverage",
    kinds={
        "coffee": ("latte", "espresso/espressos", "cappuccino/cappuccinos"),
        "cocktail": ("martini", "mojito", "margarita"),
        "beer": ("lager", "stout", "pilsner"),
    },
    gets=("order", "sip", "refuse", "pour"),
)

PROD = Vocabulary(
    topics=(_OFFICE, _TRAVEL, _WORKSHOP, _PARTY),
    names=tuple(
        "Amira Benno Celia Dmitri Edith Faisal Gwen Hassan Ivy Julian Karim Lars Monica Nadia "
        "Oscar Paula Raul Sonia Theo Uma Valeria Wilma Xavier Yara".split()
    ),
    cities=("Geneva", "Bristol", "Milan", "Krakow", "Ghent", "Malaga"),
    traits=("newly hired", "Spanish", "red-haired", "grumpy", "talkative", "unmarried"),
    looks=("shiny", "second-hand", "tiny", "purple", "fancy"),
    scales=(("stronger", "weaker", "strong"), ("heavier", "lighter", "heavy")),
    transfers=("offer", "pass", "deliver"),
    weather=("sunny", "humid", "snowy"),
)
