import pytest

from runs.engine.page.safety import Control, Permit, danger, goes_on, harmless, permit, pressable, refusal
from runs.engine.plan import CrawlOptions
from tests.engine.generate.snapshots import field, form

OPTIONS = CrawlOptions()
DANGEROUS = """
Delete | Delete account | Remove item | Pay now | Buy now | Checkout | Check out
| Place order | Log out | Sign
out | Unsubscribe | Cancel subscription | Reset settings | Transfer | Publish |
Invite a colleague | Konto
löschen | Jetzt kaufen | Abmelden | Kündigen | Supprimer | Se déconnecter |
Payer | Eliminar | Cerrar sesión |
Comprar | Cancella | Esci | Verwijderen | Uitloggen | Usuń | Удалить | Выйти |
削除 | ログアウト | 删除 | 退出 | 삭제 | 로그아웃
"""
ORDINARY = """
Add to cart | Search | Sign in | Next | Payload | Orders | Sort order | Order by
price | Send message |
Subscribe | Restaurant | Kasserolle | Silver mug | Kontakt | Elements | Ordinary
mug | Wireless | Publisher |
Apply filters | Contact
"""


def named(listed: str) -> list[str]:
    return [" ".join(name.split()) for name in listed.split("|")]


@pytest.mark.parametrize("name", named(DANGEROUS))
def test_what_cannot_be_undone_is_not_pressed_in_any_language(name: str) -> None:
    assert danger(name)
    assert not pressable(name, "", OPTIONS)
    assert pressable(name, "", CrawlOptions(allow_destructive=True))


@pytest.mark.parametrize("name", named(ORDINARY))
def test_ordinary_names_are_not_taken_for_danger(name: str) -> None:
    assert not danger(name)


def test_an_address_can_be_the_danger() -> None:
    assert danger("Bye", "https://shop.example/logout")
    assert danger("x", "/items/3/delete?next=/")
    assert not danger("Catalogue", "/products/paypal-guide")


@pytest.mark.parametrize(
    "href",
    [
        "/konto/loeschen",
        "/konto/l%C3%B6schen",
        "/koszyk/usun",
        "/items/3/ta-bort",
        "/items/%E5%89%8A%E9%99%A4",
        "/zur-kasse",
        "/till-kassan",
        "/kijelentkezes",
        "/odhlaseni",
    ],
)
def test_an_address_is_the_danger_in_any_language(href: str) -> None:
    assert danger("x", href)


@pytest.mark.parametrize(
    "href",
    [
        "/licenses/sil-ofl",
        "/stain-remover",
        "/krankenkasse",
        "/kasse/3",
        "/team/paga",
        "/login?next=%2Flogout",
        "/payer",
    ],
)
def test_addresses_that_only_look_like_it_are_none(href: str) -> None:
    assert not danger("x", href)


def test_a_contact_form_may_be_submitted() -> None:
    assert permit(form(field("Email", "email"), field("Message", "textarea")), OPTIONS) == (Permit.SUBMIT, "")


def test_a_form_that_asks_for_a_card_is_left_alone() -> None:
    by_hint = form(field("Number", autocomplete="cc-number"))
    by_words = form(field("Card number"), field("CVC"))
    assert permit(by_hint, OPTIONS)[0] is Permit.NOTHING
    assert permit(by_words, OPTIONS) == (Permit.NOTHING, "it asks for payment details")


def test_a_form_whose_button_deletes_is_left_alone_unless_allowed() -> None:
    asking = form(field("Reason"), submit="Delete my account")
    assert permit(asking, OPTIONS) == (Permit.NOTHING, "it deletes")
    assert permit(asking, CrawlOptions(allow_destructive=True))[0] is Permit.SUBMIT


def test_accounts_and_passwords_are_not_made_but_the_browsers_own_checks_may_be_seen() -> None:
    sign_up = form(field("Email", "email"), field("Password", "password"), submit="Create account")
    change = form(field("Old password", "password"), field("New password", "password"), submit="Save")
    assert permit(sign_up, OPTIONS)[0] is Permit.GUARDED
    assert permit(change, OPTIONS)[0] is Permit.GUARDED


def test_a_sign_in_is_neither() -> None:
    assert permit(form(field("Email"), field("Password", "password"), submit="Sign in"), OPTIONS)[0] is Permit.SUBMIT


def test_files_are_not_uploaded() -> None:
    assert permit(form(field("Picture", "file")), OPTIONS) == (Permit.GUARDED, "it uploads a file")


def test_a_form_that_asks_is_not_sent_where_it_edits_what_is_stored() -> None:
    """A stored search that is edited with GET: its name stands in a field, and not in the address."""
    kept = form(field("Title"), field("Kept as", value="Open for Mara"), field("Per page", value="50"), method="get")
    on = "http://shop.test/query1"
    assert permit(kept, OPTIONS, on=on)[0] is Permit.NOTHING
    assert permit(kept, CrawlOptions(allow_destructive=True), on=on)[0] is Permit.SUBMIT
    assert permit(kept, CrawlOptions(allow_destructive=True, read_only=True), on=on)[0] is Permit.NOTHING
    echoed = f"{on}?name=Open+for+Mara"
    assert permit(kept, OPTIONS, on=echoed)[0] is Permit.SUBMIT, "a page repeats what was asked"
    fresh = form(field("Title"), field("Per page", value="50"), method="get")
    assert permit(fresh, OPTIONS, on=on)[0] is Permit.SUBMIT


def test_a_read_only_crawl_submits_only_what_asks() -> None:
    reading = CrawlOptions(read_only=True, allow_destructive=True)
    assert permit(form(field("Email")), reading)[0] is Permit.NOTHING
    assert permit(form(field("Query"), method="get"), reading)[0] is Permit.SUBMIT
    loose = form(field("Filter"), method="get").model_copy(update={"action": ""})
    assert permit(loose, reading)[0] is Permit.NOTHING


@pytest.mark.parametrize(
    "name", ["Add to cart", "In den Warenkorb", "Ajouter au panier", "Update quantity", "カートに追加", "Apply"]
)
def test_what_only_the_visitor_sees_may_write(name: str) -> None:
    assert harmless(name)


@pytest.mark.parametrize("name", ["Send campaign", "Run now", "Approve", "Remove from cart", "Pay for cart"])
def test_buttons_that_do_not_say_so_may_not(name: str) -> None:
    assert not harmless(name)


@pytest.mark.parametrize(
    ("control", "why"),
    [
        (Control("", "btn icon trash"), "deletes"),
        (Control("✕", "Remove"), "deletes"),
        (Control("", "btn", method="delete"), "deletes"),
        (Control("Go", method="DELETE"), "deletes"),
        (Control("", "x", "delete Item"), "deletes"),
        (Control("", ""), "does not say what it does"),
        (Control("✕", ""), "does not say what it does"),
        (Control("Tidy up", confirms=True), "asks for confirmation"),
        (Control("Bye", address="/logout"), "leads to an address that changes something"),
        (Control("Open", "btn remove"), ""),
        (Control("", "navbar toggler"), ""),
    ],
)
def test_a_control_without_words_is_judged_by_what_else_it_says(control: Control, why: str) -> None:
    assert refusal(control, OPTIONS) == why


def test_lists_of_what_may_and_must_not_be_pressed_go_before_every_guess() -> None:
    options = CrawlOptions(allow_actions=("^Delete draft$",), deny_actions=("^Help",))
    assert not refusal(Control("Delete draft"), options)
    assert refusal(Control("Delete drafts"), options) == "deletes"
    assert refusal(Control("Help me"), options) == "is on the list of what is not pressed"
    boldly = CrawlOptions(allow_destructive=True, deny_actions=("Delete",))
    assert refusal(Control("Delete draft"), boldly)
    assert not refusal(Control("Pay now"), boldly)


def test_lists_hold_for_forms_as_well() -> None:
    allowing = CrawlOptions(allow_actions=("^Delete draft$",))
    assert permit(form(submit="Delete draft"), allowing)[0] is Permit.SUBMIT
    denying = CrawlOptions(deny_actions=("^Send",))
    assert permit(form(submit="Send"), denying) == (Permit.NOTHING, "it is on the list of what is not pressed")


@pytest.mark.parametrize("name", ["Continue to payment", "Next", "Weiter zur Kasse", "Continuer", "次へ"])
def test_a_step_on_the_way_to_paying_pays_nothing(name: str) -> None:
    assert goes_on(name)


@pytest.mark.parametrize("name", ["Continue and pay", "Next & order", "Pay and continue", "Weiter und bestellen"])
def test_a_step_that_does_more_than_going_on_is_none(name: str) -> None:
    assert not goes_on(name)


def test_a_form_on_the_way_to_the_checkout_may_be_sent_but_not_its_last() -> None:
    address = field("Street", autocomplete="address-line1")
    assert permit(form(address, submit="Continue to payment", action="/checkout"), OPTIONS)[0] is Permit.SUBMIT
    assert permit(form(submit="Pay now", action="/checkout/payment"), OPTIONS)[0] is Permit.NOTHING
    assert permit(form(address, submit="Confirm", action="/checkout"), OPTIONS)[0] is Permit.NOTHING
    assert permit(form(submit="Continue", action="/account/delete"), OPTIONS)[0] is Permit.NOTHING


def test_a_form_whose_button_has_no_words_is_judged_by_what_it_sends() -> None:
    hidden = Control("", "btn", method="delete")
    assert permit(form(submit=""), OPTIONS, hidden) == (Permit.NOTHING, "it deletes")
