"""What words.toml has, by what words mean and by language."""

from __future__ import annotations

from runs.engine.crawl.scope import is_destructive
from runs.engine.lexicon import Intent, Topic, intents
from runs.engine.lexicon.phrases import spellings, table, vocabulary
from runs.engine.lexicon.units import units
from runs.engine.page.safety import danger

LANGUAGES = ["en", "de", "fr", "es", "pt", "it", "nl", "pl", "sv", "da", "fi", "ru", "tr", "cs", "hu", "ja", "zh", "ko"]
# The word that there is means something else as well, there or in another language.
NO_WORD_FOR = {
    "fields.given-name": {
        "tr": "ad is English as well",
        "zh": "名字 is the whole name too",
        "ko": "이름 is the whole name too",
    },
    "fields.family-name": {"ko": "성 is a syllable of many words"},
    "fields.city": {"da": "by is English as well"},
    "fields.region": {"cs": "kraj is a country in Polish", "ko": "시도 is an attempt too"},
}


def test_every_sense_of_the_file_is_known_and_every_word_can_be_found() -> None:
    assert table()["intents"].keys() == {str(intent) for intent in Intent} - {"clear_view"}  # which rules alone give
    assert table()["topics"].keys() == {str(topic) for topic in Topic}
    said = [word for words in vocabulary().values() for word in words]
    assert [word for word in said if not [unit for unit in units(word) if not unit.mark]] == []


def test_the_words_of_each_sense_stand_by_language() -> None:
    listed = {f"{part}.{name}": [*by] for part, senses in table().items() for name, by in senses.items()}
    unordered = {sense for sense, given in listed.items() if given != [each for each in LANGUAGES if each in given]}
    assert unordered == set()
    twice = {
        (name, language)
        for senses in table().values()
        for name, by in senses.items()
        for language, words in by.items()
        if len(set(words)) < len(words)
    }
    assert twice == set()


def test_topics_and_fields_have_words_in_every_language() -> None:
    missing = {
        f"{part}.{name}": set(LANGUAGES) - by.keys()
        for part in ("topics", "fields")
        for name, by in table()[part].items()
        if set(LANGUAGES) - by.keys()
    }
    assert missing == {sense: set(reasons) for sense, reasons in NO_WORD_FOR.items()}


# Words of addresses that do no harm on a control.
PRESSED = {"clear": "empties a field or a view where it stands alone"}


def test_what_does_harm_in_an_address_is_not_pressed_where_a_control_says_it() -> None:
    listed = [
        word
        for topic in (Topic.CHANGES, Topic.DESTROYS, Topic.BUYS, Topic.LEAVES)
        for word in vocabulary()[f"topics.{topic}"]
    ]
    # What cancels closes a dialog or leaves a form; what it cancels stands with it ("Cancel order").
    assert {word for word in listed if not danger(word) and Intent.CANCEL not in intents(word)} == PRESSED.keys()


def test_what_signs_out_is_neither_pressed_nor_opened() -> None:
    said = [" ".join(phrase) for word in vocabulary()["intents.sign_out"] for phrase in spellings(word)]
    addresses = {word: f"/{word.replace(' ', '-')}" for word in said}
    assert [word for word, path in addresses.items() if not danger("x", path)] == []
    assert [word for word, path in addresses.items() if not is_destructive(f"https://shop.test{path}")] == []
    assert [word for word in said if not is_destructive("https://shop.test/a", word)] == []
