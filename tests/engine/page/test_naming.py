from runs.engine.events import Landmark
from runs.engine.page.naming import field_of, pressed, submit_of
from tests.engine.generate.snapshots import button, field, form, link, page


def test_a_name_that_is_there_once_needs_no_scope() -> None:
    about = link("About", "/about")
    assert pressed(about, page(actions=[about])) == {"role": "link", "name": "About", "exact": True}


def test_a_name_in_two_landmarks_is_scoped() -> None:
    top, bottom = link("Contact", "/contact"), link("Contact", "/contact-us", "contentinfo")
    assert pressed(bottom, page(actions=[top, bottom])) == {
        "role": "link",
        "name": "Contact",
        "exact": True,
        "within": {"role": "contentinfo"},
    }


def test_two_of_one_name_that_cannot_be_told_apart_are_left_out() -> None:
    one, two = link("More", "/a", "main"), link("More", "/b", "main")
    assert pressed(one, page(actions=[one, two])) is None


def test_two_of_one_name_to_one_place_are_the_same() -> None:
    one, two = link("More", "/a", "main"), link("More", "/a", "main")
    assert (pressed(one, page(actions=[one, two])) or {})["nth"] == 0


def test_a_counter_in_a_name_is_left_out_of_it() -> None:
    cart = link("Cart (2)", "/cart")
    assert pressed(cart, page(actions=[cart])) == {"role": "link", "name": "Cart", "exact": False}


def test_a_field_is_named_by_its_label_without_the_star() -> None:
    email = field("Email *", "email")
    contact = form(email)
    assert field_of(email, contact, page(forms=[contact])) == {"label": "Email"}


def test_a_label_that_is_part_of_another_must_match_whole() -> None:
    email, news = field("Email"), field("Email for news")
    contact, newsletter = form(email), form(news, action="/news")
    assert field_of(email, contact, page(forms=[contact, newsletter])) == {"label": "Email", "exact": True}


def test_a_label_that_a_form_shares_gives_way_to_the_role() -> None:
    amount = field("Quantity of Mug", "select")
    update = form(amount, name="Quantity of Mug")
    assert field_of(amount, update, page(forms=[update])) == {"role": "combobox", "name": "Quantity of Mug"}


def test_a_field_that_two_forms_have_is_scoped_by_its_form() -> None:
    email = field("Email address", "email")
    enter = form(email, field("Password", "password")).model_copy(update={"css": "#login"})
    join = form(field("Email address", "email"), submit="Register").model_copy(update={"css": "#register"})
    target = {"role": "textbox", "name": "Email address", "within": {"css": "#login"}}
    assert field_of(enter.fields[0], enter, page(forms=[enter, join])) == target


def test_of_a_buttons_twins_in_a_list_the_first_is_pressed() -> None:
    first, second = (form(submit="Add to basket", action=f"/add/{number}") for number in (1, 2))
    seen = page(forms=[first, second], actions=[button("Add to basket")])
    assert submit_of(first, seen) == {"role": "button", "name": "Add to basket", "exact": True, "nth": 0}
    assert submit_of(second, seen) is None


def test_css_is_the_last_resort_for_a_field() -> None:
    bare = field("", name="code")
    hinted = field("", name="zip", placeholder="Postal code")
    asking = form(bare, hinted)
    assert field_of(bare, asking, page(forms=[asking])) == {"css": "#id_code"}
    assert field_of(hinted, asking, page(forms=[asking])) == {"placeholder": "Postal code"}


def test_a_button_that_two_forms_have_is_scoped_by_the_forms_name() -> None:
    one, two = form(field("A"), name="First"), form(field("B"), name="Second")
    seen = page(forms=[one, two], actions=[button("Send")])
    assert submit_of(two, seen) == {
        "role": "button",
        "name": "Send",
        "exact": True,
        "within": {"role": "form", "name": "Second", "exact": True},
    }


def test_landmarks_of_one_role_do_not_scope_without_a_name() -> None:
    top, bottom = link("Shop", "/shop"), link("Shop", "/other", "main")
    twice = page(actions=[top, bottom]).model_copy(
        update={"landmarks": (Landmark(role="navigation"), Landmark(role="navigation"), Landmark(role="main"))}
    )
    assert pressed(top, twice) is None
    assert (pressed(bottom, twice) or {})["within"] == {"role": "main"}
