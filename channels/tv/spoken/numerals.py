"""Numbers in words: values, figures one by one, and 2 before what is counted."""

from __future__ import annotations

import re

DIGITS = "零一二三四五六七八九"
LONGEST = 20
"""Figures of a whole number for which there are words: 万 above 亿, and 亿 above 亿."""


def any_of(words: str) -> str:
    """A pattern for any of these words, which blanks divide."""
    return "|".join(words.split())


COUNTED = re.compile(
    any_of(
        r"年(?!级|度|期) 日(?=游|内|后|间|时间|来) 期(?!工程|项目|建设|规划) 次(?!元) 成(?!都) 类 位 周 种 个 户 "
        r"名 人 家 所 座 台 辆 条 项 件 场 届 批 倍 岁 天 小时 分(?!之) 秒 米 公里 千米 厘米 毫米 里 吨 公斤 千克 斤 "
        r"克 亩 公顷 平方 立方 升 元 块 角 只 头 匹 棵 株 枚 份 本 张 套 间 栋 幢 层 篇 部 支 道 根 颗 顶 把 双 对 副 "
        r"度 门 节 堂 课 顿 遍 回 趟 步 点 方 处 口 片 段 轮 款 院 村 镇 乡 县 省 市 校 代 时 夜 尾 羽 峰 箱 袋 盒 瓶 "
        r"杯 碗 桌 船 车 艘 架 列 筐 垛 丛 束 封 幅 笔 桩 起 例 宗 票 则 句 行 字 章 股 团 摞 摊 扇 盏 面 具 床 领 "
        r"万 亿 千 百"
    )
)
"""What 2 is said 两 before. Not here: 号 楼 月 日 级 班 组 社 队 等 线 路 环 区 季度 年级 手 胎 孩: 二 before these."""


def one_by_one(figures: str, *, yao: bool = False) -> str:
    """Each figure by itself: 2019 → 二零一九; with `yao`, 1 is said 幺."""
    said = "".join(DIGITS[int(figure)] if figure.isdecimal() else figure for figure in figures)
    return said.replace("一", "幺") if yao else said


def cardinal(figures: str, *, ordinal: bool = False) -> str:
    """A number's value in words, decimals after 点; the leading 2 of 百 千 万 亿 is 两, but 二 in an ordinal.

    A number that is longer than the language has words for is read figure by figure.

    >>> cardinal("122705"), cardinal("2600"), cardinal("0.95")
    ('十二万二千七百零五', '两千六百', '零点九五')
    """
    whole, _, decimals = figures.partition(".")
    whole = whole.lstrip("0") or "0"
    said = DIGITS[0] if whole == "0" else one_by_one(whole) if len(whole) > LONGEST else _whole(whole)
    if not ordinal and len(whole) > 2 and re.match("二[百千万亿]", said):
        said = "两" + said[1:]
    return said + ("点" + one_by_one(decimals) if decimals else "")


def _whole(figures: str) -> str:
    """Above 万 and above 亿 stands a number of its own: 两万三千亿."""
    said = _joined(figures)
    return said[1:] if said.startswith("一十") else said


def _joined(figures: str) -> str:
    for places, name in ((8, "亿"), (4, "万")):
        if len(figures) > places:
            high, low = figures[:-places], figures[-places:]
            rest = _joined(low.lstrip("0")) if int(low) else ""
            return _joined(high) + name + (DIGITS[0] if rest and low[0] == "0" else "") + rest
    return _group(int(figures))


def _group(value: int) -> str:
    """1 … 9999."""
    said, gap = "", False
    for power, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        figure = value // power % 10
        if figure:
            said += (DIGITS[0] if gap and said else "") + DIGITS[figure] + name
            gap = False
        else:
            gap = True
    return said


def count(figures: str, after: str, *, ordinal: bool = False) -> str:
    """A number before `after`, the text that follows it: 2 is 两 before what is counted."""
    if figures == "2" and not ordinal and COUNTED.match(after):
        return "两"
    if re.match(r"0\d", figures) and not (len(figures) == 2 and after[:1] in ("月", "日", "号")):
        return one_by_one(figures)
    return cardinal(figures, ordinal=ordinal)
