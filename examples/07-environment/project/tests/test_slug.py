from slugs import slug


def test_words_are_joined():
    assert slug("A Title") == "a-title"


def test_digits_stay():
    assert slug("2001") == "2001"
