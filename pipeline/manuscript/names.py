"""Names as people write them: persons told from offices, and several in one string."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.manuscript.characters import one_line
from pipeline.manuscript.words import Words

_HAN = "\u3400-\u9fff\U00020000-\U000323af〇"
_SPLIT = re.compile(r"[、,，;；/／|｜丨&＆\n]+")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ.'’-]*")
_ONE = re.compile(f"[{_HAN}]")
_ASIDE = re.compile(r"[（(][^（）()]{0,12}[)）]")
_DOTTED = re.compile(rf"[{_HAN}]{{1,10}}(?:[·•・][{_HAN}]{{1,10}}){{1,3}}")
_CHINESE = re.compile(rf"[{_HAN}]{{2,4}}")
_LONGER = re.compile(rf"[{_HAN}]{{5,6}}")
_WESTERN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ .'’-]{1,40}")

_OFFICE = re.compile(rf"[{_HAN}A-Za-z0-9·（）()“”《》]{{3,40}}")

_NEVER = re.compile("[的了在是说被把就也都这那我你她们吗呢吧啊请]|.[到从]")
"""Characters of sentences that hardly any name has."""

SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪"
    "廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文樊兰殷施洪颜庞温鲁葛邢"
    "翟安齐梅伍游季俞章路鞠阎欧柳宫祝辛阮管纪舒左焦凌鲍包司涂屈项甘尚聂单卜岳裴盛柴车房童景柏詹谷关穆娄翁华耿牛牟靳花苗卓成"
    "党连倪欧鲜虞简褚解明费芦褟窦桂冉边艾初冀衡位鄢佟全敖晏宁池南邬闵申臧滕查都应宗古原祁米仇巩仲隋鹿随权冷尤戚郎霍柯蒲"
    "柏木吉丛卫巫沙阳阙麻苟蔺晋喻来匡蓝储帅商计荆冼平练奚海仝元么刁骆强支井楼从刑冶门降云双战时竹信勾宣邸相诸束占"
    "苑燕那才水佘诺赫利危缪亢干郁暴庄代封曲国占丘桑荣惠"
)
COMPOUND = frozenset({
    "欧阳", "上官", "司马", "诸葛", "夏侯", "东方", "皇甫", "尉迟", "公孙", "令狐", "慕容", "司徒",
    "长孙", "宇文", "端木", "独孤", "南宫", "百里", "呼延", "申屠", "太史", "闾丘", "完颜", "拓跋", "澹台",
})  # fmt: skip
"""The commonest surnames: 99 % of people (公安部, 《二〇二〇年全国姓名报告》, and earlier ones)."""


def split(value: str | Iterable[str]) -> tuple[str, ...]:
    """Names of one string or several, each once: divided by 、 , ; / | or spaces.

    A name padded with spaces is one name, and so are the words of a name in Latin letters; what stands in brackets
    behind a name is left away.

    >>> split("张 三、李四，王五 赵　六"), split("John Smith, 记者甲"), split("阿依古丽·买买提（实习）")
    (('张三', '李四', '王五', '赵六'), ('John Smith', '记者甲'), ('阿依古丽·买买提',))
    """
    found: list[str] = []
    for string in [value] if isinstance(value, str) else value:
        for part in _SPLIT.split(_ASIDE.sub(" ", string)):
            found.extend(_words(re.sub(r"\s*([·•・])\s*", r"\1", part).split()))
    bare = (one.removesuffix("等") if len(one) > 2 else one for one in found)  # 张三、李四等
    return tuple(dict.fromkeys(name for one in bare if (name := one_line(one))))


def _words(words: list[str]) -> list[str]:
    """The names that the words between two separators make."""
    found: list[str] = []
    place = 0
    while place < len(words):
        word = words[place]
        single = 0
        while place + single < len(words) and _ONE.fullmatch(words[place + single]):
            single += 1
        if single in (2, 3):  # 张　三, 欧 阳 锋
            found.append("".join(words[place : place + single]))
            place += single
        elif single > 3:  # 张 三 李 四
            found.extend("".join(words[place + n : min(place + n + 2, place + single)]) for n in range(0, single, 2))
            place += single
        elif (
            single == 1
            and place + 1 < len(words)
            and re.fullmatch(rf"[{_HAN}]{{2}}", words[place + 1])
            and is_surname(word)
        ):
            found.append(word + words[place + 1])  # 张 小三
            place += 2
        elif found and place and _LATIN.fullmatch(word) and _LATIN.fullmatch(words[place - 1]):
            found[-1] += f" {word}"
            place += 1
        else:
            found.append(word)
            place += 1
    return found


def is_surname(text: str) -> bool:
    return text in SURNAMES or text in COMPOUND


def is_organisation(name: str, words: Words) -> bool:
    """Whether it names an office, a firm or a publisher: 洛门镇党政办, 县气象局, 青河发布."""
    bare = "".join(name.split())
    if not _OFFICE.fullmatch(bare):
        return False
    if not bare.endswith(words.names.organisations):
        return False
    return len(bare) >= 4 or bare[0] in "县市区镇乡省州团校村社本" or not is_surname(bare[0])


def is_person(name: str, words: Words, *, strictly: bool = False) -> bool:
    """Whether it may be a person's name; `strictly`: where nothing else says so, it needs a usual surname.

    >>> from pipeline.manuscript.words import shipped
    >>> [is_person(one, shipped()) for one in ("张三", "古丽·买买提", "John Smith", "洛门镇党政办", "同意", "才让卓玛")]
    [True, True, True, False, False, True]
    >>> is_person("才让卓玛", shipped(), strictly=True)
    False
    """
    bare = "".join(name.split())
    if bare in words.names.none or _NEVER.search(bare) or is_organisation(name, words):
        return False
    if _DOTTED.fullmatch(bare) or _WESTERN.fullmatch(name):
        return True
    if _CHINESE.fullmatch(bare):
        return not strictly or ((bare[:2] in COMPOUND and len(bare) > 2) or (bare[0] in SURNAMES and len(bare) <= 3))
    return not strictly and bool(_LONGER.fullmatch(bare)) and (bare[0] in SURNAMES or bare[:2] in COMPOUND)
