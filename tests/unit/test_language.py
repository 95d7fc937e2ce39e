"""Messages in the reader's language, and a catalogue in which nothing is missing."""

from __future__ import annotations

import ast
import gettext
import io
from collections.abc import Iterator

import pytest
from babel.messages.mofile import read_mo

from pipeline.article import Article
from pipeline.channel import Problem, Text
from pipeline.commands import language, telling
from tests import messages


@pytest.fixture(autouse=True)
def _domain() -> Iterator[None]:
    before = gettext.textdomain()
    yield
    gettext.textdomain(before)


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """The language of this process, as its environment says."""
    monkeypatch.setenv("LANGUAGE", "")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    language.choose("zh_CN")


def test_every_message_has_its_chinese() -> None:
    catalogue = messages.known()
    missing = [one for one in messages.ours() if one not in catalogue]
    wrong = [one.id for one in catalogue if one.id and messages.mistaken(one)]

    assert (missing, wrong) == ([], []), "python -m tests.messages, then translate in the .po what it names"


def test_the_compiled_catalogue_is_up_to_date() -> None:
    with messages.MO.open("rb") as file:
        there, wanted = read_mo(file), read_mo(io.BytesIO(messages.compiled(messages.known())))

    assert [(one.id, one.string) for one in there if one.id] == [(one.id, one.string) for one in wanted if one.id]


def test_every_message_is_written_out_where_it_is_used() -> None:
    """What is put together at run time has no translation."""
    for path in messages.sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Text.of":
                literal = isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
                assert literal, f"{path}:{node.lineno}"


@pytest.mark.parametrize(
    ("environment", "locale", "chosen"),
    [
        ({}, "zh_CN", "已发布"),
        ({"LANG": "C.UTF-8"}, "zh_CN", "已发布"),
        ({"LANG": "POSIX"}, "zh_CN", "已发布"),
        ({"LANG": "en_US.UTF-8"}, "zh_CN", "live"),
        ({"LANG": "zh_CN.UTF-8"}, "en_GB", "已发布"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "zh_CN", "live"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "zh_CN:en"}, "en_GB", "已发布"),
        ({}, "en_GB", "live"),
        ({"LANG": "C"}, "en_GB", "live"),
    ],
)
def test_the_environment_decides_and_else_the_newsroom(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], locale: str, chosen: str
) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, environment.get(name, ""))

    language.choose(locale)

    assert telling.tell(Text.of("live")) == chosen


@pytest.mark.usefixtures("chinese")
def test_a_problem_is_told_in_chinese_with_its_field_and_reason() -> None:
    message = Text.of(
        "{field} has {actual} characters, the channel takes {limit}", field="headline", actual=70, limit=64
    )
    remedy = Text.of("shorten {field} by {over} characters", field="headline", over=6)
    problem = Problem(field="headline", message=message, remedy=remedy)
    assert telling.tell_problem(problem) == "标题: 标题有 70 个字，该渠道最多 64 个字\n  → 请把标题缩短 6 个字"

    unread = Text.of("the file cannot be read: {reason}", reason="No such file or directory")
    assert telling.tell(unread) == "文件读不出来：没有这个文件或目录"
    assert telling.tell(Text.of("the file cannot be read: {reason}", reason="odd")) == "文件读不出来：odd"


@pytest.mark.usefixtures("chinese")
def test_every_field_of_an_article_has_a_name() -> None:
    for field in Article.model_fields:
        assert not gettext.gettext(field).isascii(), field


@pytest.mark.usefixtures("chinese")
def test_a_third_partys_message_without_translation_is_told_as_it_is() -> None:
    text = Text.of("the fax machine {name} is out of paper", name="{3}")
    assert telling.tell(text) == "the fax machine {3} is out of paper"
