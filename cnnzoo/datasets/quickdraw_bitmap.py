"""Quick, Draw!: 50,426,266 drawings by players of the game, 28x28, gray, in MNIST's format.

The set has one split: its last million examples are the test split here. TFDS stores examples in an
order that a hash decides, so that they are a random million. The images take 39.5 GB.
"""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

_NAMES = """
    aircraft carrier, airplane, alarm clock, ambulance, angel, animal migration, ant, anvil, apple,
    arm, asparagus, axe, backpack, banana, bandage, barn, baseball bat, baseball, basket,
    basketball, bat, bathtub, beach, bear, beard, bed, bee, belt, bench, bicycle, binoculars, bird,
    birthday cake, blackberry, blueberry, book, boomerang, bottlecap, bowtie, bracelet, brain,
    bread, bridge, broccoli, broom, bucket, bulldozer, bus, bush, butterfly, cactus, cake,
    calculator, calendar, camel, camera, camouflage, campfire, candle, cannon, canoe, car, carrot,
    castle, cat, ceiling fan, cell phone, cello, chair, chandelier, church, circle, clarinet,
    clock, cloud, coffee cup, compass, computer, cookie, cooler, couch, cow, crab, crayon,
    crocodile, crown, cruise ship, cup, diamond, dishwasher, diving board, dog, dolphin, donut,
    door, dragon, dresser, drill, drums, duck, dumbbell, ear, elbow, elephant, envelope, eraser,
    eye, eyeglasses, face, fan, feather, fence, finger, fire hydrant, fireplace, firetruck, fish,
    flamingo, flashlight, flip flops, floor lamp, flower, flying saucer, foot, fork, frog,
    frying pan, garden hose, garden, giraffe, goatee, golf club, grapes, grass, guitar, hamburger,
    hammer, hand, harp, hat, headphones, hedgehog, helicopter, helmet, hexagon, hockey puck,
    hockey stick, horse, hospital, hot air balloon, hot dog, hot tub, hourglass, house plant,
    house, hurricane, ice cream, jacket, jail, kangaroo, key, keyboard, knee, knife, ladder,
    lantern, laptop, leaf, leg, light bulb, lighter, lighthouse, lightning, line, lion, lipstick,
    lobster, lollipop, mailbox, map, marker, matches, megaphone, mermaid, microphone, microwave,
    monkey, moon, mosquito, motorbike, mountain, mouse, moustache, mouth, mug, mushroom, nail,
    necklace, nose, ocean, octagon, octopus, onion, oven, owl, paint can, paintbrush, palm tree,
    panda, pants, paper clip, parachute, parrot, passport, peanut, pear, peas, pencil, penguin,
    piano, pickup truck, picture frame, pig, pillow, pineapple, pizza, pliers, police car, pond,
    pool, popsicle, postcard, potato, power outlet, purse, rabbit, raccoon, radio, rain, rainbow,
    rake, remote control, rhinoceros, rifle, river, roller coaster, rollerskates, sailboat,
    sandwich, saw, saxophone, school bus, scissors, scorpion, screwdriver, sea turtle, see saw,
    shark, sheep, shoe, shorts, shovel, sink, skateboard, skull, skyscraper, sleeping bag,
    smiley face, snail, snake, snorkel, snowflake, snowman, soccer ball, sock, speedboat, spider,
    spoon, spreadsheet, square, squiggle, squirrel, stairs, star, steak, stereo, stethoscope,
    stitches, stop sign, stove, strawberry, streetlight, string bean, submarine, suitcase, sun,
    swan, sweater, swing set, sword, syringe, t-shirt, table, teapot, teddy-bear, telephone,
    television, tennis racquet, tent, The Eiffel Tower, The Great Wall of China, The Mona Lisa,
    tiger, toaster, toe, toilet, tooth, toothbrush, toothpaste, tornado, tractor, traffic light,
    train, tree, triangle, trombone, truck, trumpet, umbrella, underwear, van, vase, violin,
    washing machine, watermelon, waterslide, whale, wheel, windmill, wine bottle, wine glass,
    wristwatch, yoga, zebra, zigzag
"""

DATASET = Dataset(
    name="quickdraw_bitmap",
    class_names=tuple(" ".join(_NAMES.split()).split(", ")),
    sizes={"train": 49_426_266, "test": 1_000_000},
    source="https://github.com/googlecreativelab/quickdraw-dataset",
    citation=(
        "Ha and Eck 2017, A neural representation of sketch drawings, "
        "https://arxiv.org/abs/1704.03477"
    ),
    license="CC BY 4.0",
    read=sources.TFDS(
        "quickdraw_bitmap",
        "3.0.0",
        splits={"train": "train[:-1000000]", "test": "train[-1000000:]"},
    ),
    input_shape=(28, 28, 1),
    light_on_dark=True,
)
