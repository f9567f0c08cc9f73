"""Everything the shop sells: 4 categories, 16 kinds, 48 products. The same in every process."""

from dataclasses import dataclass

CATEGORIES: dict[str, str] = {
    "kitchen": "Kitchen",
    "home": "Home",
    "desk": "Desk",
    "outdoor": "Outdoor",
}
TAGLINES: dict[str, str] = {
    "kitchen": "Stoneware and wood for slow breakfasts",
    "home": "Light, scent and something soft",
    "desk": "Paper, ink and a place to think",
    "outdoor": "For the long way round",
}


@dataclass(frozen=True)
class Kind:
    name: str
    category: str
    cents: int
    colours: tuple[str, str, str]
    pitch: str
    details: tuple[str, ...]

    @property
    def slug(self) -> str:
        return self.name.lower().replace(" ", "-")


KINDS: tuple[Kind, ...] = (
    Kind(
        "Mug",
        "kitchen",
        1400,
        ("Blue", "Red", "Green"),
        "A generous stoneware mug with a handle for three fingers.",
        ("Holds 350 ml", "Dishwasher safe", "Thrown and glazed by hand"),
    ),
    Kind(
        "Cushion",
        "home",
        3200,
        ("Terracotta", "Sage", "Navy"),
        "A linen cushion that gets softer with every wash.",
        ("45 by 45 cm", "Cover of washed linen", "Filled with recycled wool"),
    ),
    Kind(
        "Notebook",
        "desk",
        1150,
        ("Red", "Navy", "Charcoal"),
        "Lies flat from the first page to the last, thanks to a stitched spine.",
        ("192 dotted pages", "Paper of 100 grams", "Fits a coat pocket"),
    ),
    Kind(
        "Backpack",
        "outdoor",
        8900,
        ("Green", "Navy", "Mustard"),
        "Waxed canvas, two straps and one big pocket: a bag for a day out.",
        ("20 litres", "Keeps out rain for an hour", "Repaired free of charge"),
    ),
    Kind(
        "Teapot",
        "kitchen",
        4600,
        ("Mustard", "Sage", "Navy"),
        "Pours without dripping, which took our potter eleven tries.",
        ("Holds 900 ml", "Strainer of steel inside", "Lid that stays on"),
    ),
    Kind(
        "Lamp",
        "home",
        7400,
        ("Teal", "Mustard", "Charcoal"),
        "A reading lamp with a warm cone of light and a very quiet switch.",
        ("40 cm high", "E14 bulb included", "Cable of 2 metres"),
    ),
    Kind(
        "Desk Clock",
        "desk",
        5200,
        ("Oak", "Charcoal", "Sage"),
        "A clock without a tick, without an alarm and without a screen.",
        ("12 cm across", "One AA battery", "Silent sweep movement"),
    ),
    Kind(
        "Umbrella",
        "outdoor",
        3900,
        ("Blue", "Mustard", "Red"),
        "Eight ribs of fibreglass that bend in the wind and come back.",
        ("105 cm across", "Handle of ash wood", "Opens with one hand"),
    ),
    Kind(
        "Bowl",
        "kitchen",
        1850,
        ("Teal", "Sand", "Plum"),
        "Deep enough for soup, wide enough for salad.",
        ("18 cm across", "Oven safe to 220 degrees", "Stacks neatly"),
    ),
    Kind(
        "Vase",
        "home",
        2900,
        ("Blush", "Terracotta", "Blue"),
        "A narrow neck that holds a single branch upright.",
        ("24 cm high", "Watertight glaze", "No two are quite the same"),
    ),
    Kind(
        "Pencil Pot",
        "desk",
        1600,
        ("Mustard", "Blush", "Teal"),
        "A heavy little pot that does not tip over.",
        ("10 cm high", "Felt below", "Room for twenty pencils"),
    ),
    Kind(
        "Bottle",
        "outdoor",
        2700,
        ("Red", "Teal", "Charcoal"),
        "Keeps tea hot until noon and water cold until evening.",
        ("Holds 500 ml", "Double wall of steel", "Leak proof lid"),
    ),
    Kind(
        "Chopping Board",
        "kitchen",
        3400,
        ("Oak", "Walnut", "Olive"),
        "One piece of wood, oiled twice, with a hole to hang it by.",
        ("38 by 22 cm", "End grain edge", "Wood from nearby forests"),
    ),
    Kind(
        "Candle",
        "home",
        1950,
        ("Sand", "Blush", "Green"),
        "Rapeseed wax with a scent of cedar that does not shout.",
        ("Burns for 40 hours", "Cotton wick", "Glass to use again"),
    ),
    Kind(
        "Fountain Pen",
        "desk",
        4200,
        ("Blue", "Green", "Plum"),
        "A steel nib, a good weight and a cap that clicks.",
        ("Medium nib", "Takes standard cartridges", "Brass under lacquer"),
    ),
    Kind(
        "Picnic Blanket",
        "outdoor",
        6500,
        ("Plum", "Sage", "Terracotta"),
        "Wool above, waterproof below, rolled up with leather straps.",
        ("150 by 200 cm", "Recycled wool", "Seats four people"),
    ),
)


@dataclass(frozen=True)
class Review:
    author: str
    stars: int
    text: str

    @property
    def drawn(self) -> str:
        return "★" * self.stars + "☆" * (5 - self.stars)


REVIEWS: tuple[Review, ...] = (
    Review("Maren", 5, "Even nicer than in the picture. I ordered a second one for my sister."),
    Review("Tomás", 4, "Well made and quick to arrive. The box was a little too big."),
    Review("Ines", 5, "In daily use for half a year, and it still looks new."),
    Review("Oluwaseun", 3, "Good quality, but the colour is darker than I thought."),
    Review("Priya", 5, "A present that was passed around the whole table."),
    Review("Hanna", 4, "Simple, solid, does what it should."),
    Review("Luca", 5, "You notice that somebody cared."),
)


@dataclass(frozen=True)
class Product:
    name: str
    slug: str
    kind: Kind
    colour: str
    cents: int
    stock: int
    reviews: tuple[Review, ...]

    @property
    def category(self) -> str:
        return self.kind.category

    @property
    def category_name(self) -> str:
        return CATEGORIES[self.category]

    @property
    def price(self) -> str:
        return money(self.cents)

    @property
    def shape(self) -> str:
        return f"shapes/{self.kind.slug}.svg"

    @property
    def tone(self) -> str:
        return f"tone-{self.colour.lower()}"

    @property
    def stars(self) -> str:
        return f"{sum(review.stars for review in self.reviews) / len(self.reviews):.1f}"


def money(cents: int) -> str:
    return f"${cents // 100:,}.{cents % 100:02d}"


def _product(index: int, kind: Kind, shade: int) -> Product:
    name = f"{kind.colours[shade]} {kind.name}"
    return Product(
        name=name,
        slug=name.lower().replace(" ", "-"),
        kind=kind,
        colour=kind.colours[shade],
        cents=kind.cents + shade * 150,
        stock=(index * 7 + 9) % 26,
        reviews=tuple(REVIEWS[(index + step * 2) % len(REVIEWS)] for step in range(2 + index % 3)),
    )


PRODUCTS: dict[str, Product] = {
    product.slug: product
    for product in (
        _product(shade * len(KINDS) + index, kind, shade) for shade in range(3) for index, kind in enumerate(KINDS)
    )
}


def found(query: str) -> list[Product]:
    words = query.lower().split()
    return [
        product
        for product in PRODUCTS.values()
        if words and all(word in f"{product.name} {product.category_name}".lower() for word in words)
    ]
