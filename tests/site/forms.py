from django import forms

from tests.site.cart import MOST
from tests.site.goods import PRODUCTS, Product

TOPICS = [("", "Choose a topic"), ("order", "An order"), ("product", "A product"), ("other", "Something else")]
COUNTRIES = [
    ("", "Choose a country"),
    ("de", "Germany"),
    ("fr", "France"),
    ("gb", "United Kingdom"),
    ("us", "United States"),
]
DELIVERIES = [("standard", "Standard, 3 to 5 days, free"), ("express", "Express, next day, $9.00")]


def _text(label: str, missing: str, *, complete: str = "", longest: int = 80) -> forms.CharField:
    attributes = {"autocomplete": complete} if complete else {}
    return forms.CharField(
        label=label,
        max_length=longest,
        error_messages={"required": missing},
        widget=forms.TextInput(attrs=attributes),
    )


def _email(label: str = "Email") -> forms.EmailField:
    wrong = "Enter an email address like name@example.com"
    return forms.EmailField(
        label=label,
        error_messages={"required": "Enter your email address", "invalid": wrong},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


def _choice(label: str, choices: list[tuple[str, str]], missing: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, error_messages={"required": missing})


class ContactForm(forms.Form):
    name = _text("Name", "Enter your name", complete="name")
    email = _email()
    topic = _choice("Topic", TOPICS, "Choose a topic")
    message = forms.CharField(
        label="Message",
        max_length=1000,
        help_text="Up to 1000 characters.",
        error_messages={"required": "Write a message"},
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class ShippingForm(forms.Form):
    name = _text("Full name", "Enter your full name", complete="name")
    email = _email()
    address = _text("Address", "Enter your address", complete="street-address", longest=120)
    city = _text("City", "Enter your city", complete="address-level2")
    postcode = _text("Postcode", "Enter your postcode", complete="postal-code", longest=12)
    country = _choice("Country", COUNTRIES, "Choose a country")
    delivery = forms.ChoiceField(
        label="Delivery", choices=DELIVERIES, initial="standard", widget=forms.RadioSelect, required=False
    )
    gift_wrap = forms.BooleanField(label="Wrap it as a gift", required=False)


class SignInForm(forms.Form):
    email = _email()
    password = forms.CharField(
        label="Password",
        error_messages={"required": "Enter your password"},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NewsletterForm(forms.Form):
    email = _email()


class ProductForm(forms.Form):
    product = forms.CharField()

    def clean_product(self) -> Product:
        slug = self.cleaned_data["product"]
        if slug not in PRODUCTS:
            raise forms.ValidationError(f"There is no product called {slug!r}")
        return PRODUCTS[slug]


class CartForm(ProductForm):
    quantity = forms.IntegerField(min_value=1, max_value=MOST)
