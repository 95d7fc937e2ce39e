"""The signs by which lines of a manuscript are recognised, as the reading tells them."""

from __future__ import annotations

from pipeline.channel import Text

CREDITS = Text.of("nothing but credits, source or date stand on it")
BUTTONS = Text.of("it is what pages put around an article")
FORM = Text.of("it is the name or number of a form, not of the article")
CELL = Text.of("it stands in a form's cell “{label}”")
PRIVATE = Text.of("it stands in a form's cell “{label}”, which is not published")
CRUMB = Text.of("it says where the page is")
LETTERHEAD = Text.of("it is the head or the number of an official letter")
LABELLED = Text.of("it begins with the field's name")
PART = Text.of("it names a part of the manuscript")
REPEATED = Text.of("it repeats the headline")
TITLE_STYLE = Text.of("it has the style of a title")
TITLE_LOOK = Text.of("it stands out above the text: in the middle, larger or bolder")
TITLE_FIRST = Text.of("it is the first line that is no form, credit or page noise")
DECIDED = Text.of("the editor said so")
ABOVE_TITLE = Text.of("it stands above the headline and is set smaller")
BELOW_TITLE = Text.of("it stands below the headline and is set apart from the text")
DASHED = Text.of("it begins with a dash, below the headline")
BETWEEN = Text.of("it stands between the headline and the credits")
SERIES = Text.of("it is the name and number of a series")
COLUMN = Text.of("it stands in 【】 above the headline")
NOTE = Text.of("it begins with 编者按")
BELOW_NOISE = Text.of("it stands below “{heading}”, where pages name other articles")
FOOTER = Text.of("it is the foot of a website")
AFTER_CREDITS = Text.of("it stands among credits and page noise at the end")
CLOSING = Text.of("it closes the last paragraph")
NAMES_ALONE = Text.of("names alone in brackets at the end are the authors'")
OTHER_ARTICLE = Text.of("it belongs to a second article, “{headline}”")
ABOVE_UNKNOWN = Text.of("it stands above the headline, small or at the side")
