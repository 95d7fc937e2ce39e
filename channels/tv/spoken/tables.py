"""The words that the rules of reading aloud look for, and how units, coins and custom's own figures are said."""

from __future__ import annotations

import re
from collections.abc import Iterable

from channels.tv.spoken.numerals import COUNTED, any_of


def pairs(text: str) -> dict[str, str]:
    """`a=b c=d` as a table."""
    return dict(pair.split("=") for pair in text.split())


def longest_first(words: Iterable[str]) -> str:
    """A pattern for any of these, none cut short by another that it begins with."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


# -- what is measured -------------------------------------------------------------------------------------

UNITS = pairs(
    "km²=平方千米 km2=平方千米 hm²=公顷 hm2=公顷 ha=公顷 m²=平方米 m2=平方米 ㎡=平方米 cm²=平方厘米 m³=立方米 "
    "m3=立方米 cm³=立方厘米 km=公里 m=米 dm=分米 cm=厘米 mm=毫米 μm=微米 µm=微米 um=微米 nm=纳米 t=吨 kg=千克 "
    "g=克 mg=毫克 μg=微克 µg=微克 ug=微克 L=升 mL=毫升 ml=毫升 dL=分升 kW·h=千瓦时 kWh=千瓦时 kwh=千瓦时 "
    "MWh=兆瓦时 GWh=吉瓦时 W=瓦 kW=千瓦 KW=千瓦 MW=兆瓦 GW=吉瓦 V=伏 kV=千伏 KV=千伏 kVA=千伏安 MVA=兆伏安 "
    "mA=毫安 mAh=毫安时 Ah=安时 Hz=赫兹 kHz=千赫 MHz=兆赫 GHz=吉赫 dB=分贝 Pa=帕 hPa=百帕 kPa=千帕 MPa=兆帕 "
    "mmHg=毫米汞柱 μSv=微希沃特 mSv=毫希沃特 N=牛 kN=千牛 J=焦 kJ=千焦 kcal=千卡 mol=摩尔 mmol=毫摩尔 KB=千字节 "
    "MB=兆字节 GB=吉字节 TB=太字节 PB=拍字节 kbps=千比特每秒 Mbps=兆 Gbps=吉比特每秒 h=小时 min=分钟 s=秒 "
    "ms=毫秒 μs=微秒 ns=纳秒 ℃=摄氏度 °C=摄氏度 °=度 ′=分 ″=秒"
)
"""Units written in letters, as they are said; read only right after a number."""
PER_UNIT = {"d": "天", "a": "年"}
"""Those that mean something only behind a stroke."""
UNIT = longest_first(UNITS)
MEASURE = any_of(
    "元 公斤 千克 斤 克 毫克 微克 吨 公里 千米 米 升 毫升 立方 立方米 方 株 人 次 只 头 个 件 台 户 焦 千焦 千卡 "
    "卡 千瓦时 度 毫摩尔 分"
)
"""What may stand before the stroke, in 5000元/亩."""
PER = any_of(
    "亩 公顷 斤 公斤 千克 克 吨 人 户 年 月 天 日 周 次 小时 分钟 分 秒 平方米 立方米 平方公里 平方千米 公里 "
    "千米 米 升 毫升 分升 只 头 羽 株 棵 辆 台 套 件 箱 袋 盒 瓶 个 名 班 村 万人 千瓦时 度 场 床 户 座 孔 间"
)
"""What may stand behind it."""
MEASURED = rf"[年月日天个元亩米斤吨人户岁级度]|{any_of('公里 公斤 小时 分钟')}"
"""What may stand after the first figure of a range."""
APPROXIMATE = any_of("个 名 人 天 年 次 户 家 岁 块 斤 亩 里 公里 米 万 千 百 十 分钟 小时 位 头 只")
"""What two neighbouring figures are an estimate of: 2、3个."""
AMOUNT = rf"[万亿千百十多余%‰℃]|{COUNTED.pattern}"
"""What only an amount has behind it: no date, no serial number."""

COINS = pairs(
    "A$=澳元 AU$=澳元 AUD=澳元 C$=加元 CA$=加元 CAD=加元 HK$=港元 HKD=港元 US$=美元 USD=美元 NT$=新台币 "
    "TWD=新台币 S$=新加坡元 SGD=新加坡元 MOP=澳门元 EUR=欧元 GBP=英镑 JPY=日元 KRW=韩元 RUB=卢布 CHF=瑞士法郎 "
    "THB=泰铢 CNY=人民币 RMB=人民币 $=美元 ＄=美元 €=欧元 £=英镑 ￡=英镑 ₩=韩元 ₽=卢布 ¥=元 ￥=元"
)
COIN = longest_first(COINS)

# -- what is called by its number ---------------------------------------------------------------------------

_SERIALS = (
    "邮编 邮政编码 编码 编号 账号 帐号 卡号 户号 尾号 后四位 末四位 后六位 学号 工号 批号 批次号 单号 订单 证号 "
    "证件号 身份证 身份证号 身份证号码 号码 代码 条码 条形码 验证码 校验码 识别码 取件码 提货码 邀请码 密码 "
    "流水号 序列号 注册号 许可证号 批准文号 合同号 车架号 机号 群号 QQ QQ号 QQ群 QQ群号 微信号 股票代码 信用代码"
)
SERIALS = longest_first(_SERIALS.split())
"""What a number that is read figure by figure belongs to."""
MANY = any_of("[万亿千百多余%‰℃] 个 件 笔 份 条 张 元 次 名 人 户 位 家 种 台")
"""What shows that such a number is an amount all the same: 新增订单1200笔."""
EMERGENCIES = r"1(?:10|19|20|22)|12\d{3}"
"""Telephone numbers that everybody knows: between quotation marks they need no other word."""
SERVICES = rf"{EMERGENCIES}|9[56]\d{{3}}|100\d{{2}}|114"
"""Those of all public services."""
CALLED = any_of("消防 热线 电话 平台 报警 急救 指挥中心 接警 接到 服务台 客服 专线 短号 打 来电 受理")
CALLING = "拨打 拨 打 热线 电话 致电 呼叫 咨询 来电 联系"
NUMBER = r"\d+(?:\.\d+)?"
COLON = "[:：∶]"
HYPHEN = "[-‐‑–—－]"
ROADS = any_of("高速 公路 国道 省道 县道 乡道 线 段 路 收费站 服务区 互通 枢纽 出口 入口 匝道 隧道 大桥")
CLUBS = any_of("峰会 集团 成员 领导人 首脑 财长 外长 部长 央行 主席国 轮值 公报 经济体 框架 国家(?!级?高速|公路)")
"""What is said of a club of states and never of a road: G20 is both (GB/T 917 numbers the roads)."""
ON_A_ROAD = rf"[（(“]?(?:(?!{CLUBS})[\u4e00-\u9fff]){{0,8}}?(?:{ROADS})"
IN_A_CLUB = rf"[）)”]?(?:(?!{ROADS})[\u4e00-\u9fff]){{0,8}}?(?:{CLUBS})"
CARRIED = "空水客货搬转营起发托海陆调清押装启载航储承外拉抢禁购垂笔一简正率耿挺"
"""What makes another word of 运 or 直: 空运20吨, 一直20天."""
AIRCRAFT = "|".join(
    (
        rf"[歼轰](?={HYPHEN}|\d+(?![\d架个名人余多]))",
        rf"(?<![{CARRIED}])[运直](?={HYPHEN}|\d+(?!\d|{COUNTED.pattern}|[多余月日号%‰℃万亿]))",
        rf"(?<!江)苏(?={HYPHEN})",
        rf"(?<![^，。、：；“（(和与及的架])米(?={HYPHEN})",
        rf"(?<![A-Za-z\d])[FJY](?={HYPHEN})",
        any_of("空警 运油 波音 空客 新舟 AG"),
    )
)
"""Types of aircraft, by what stands before their figures."""
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
"""What a car's number begins with."""

# -- what happens -------------------------------------------------------------------------------------------

SAID = pairs("9·18=九一八 12·9=一二九 12·4=十二四 10·1=十一 12·13=十二一三")
"""Days of events that custom reads in a way of its own."""
FESTIVAL = any_of(
    "国际 三八 妇女 劳动 青年 儿童 建党 建军 国庆 假期 小长假 黄金周 节 晚会 消费者 防灾 大地震 地震 专案 专项 "
    "惨案 事故 事件"
)
"""What a day written 3.15 gives its name to."""
PLAYED = any_of(
    "不敌 战平 逼平 打平 踢平 言和 平局 战胜 击败 打败 取胜 险胜 大胜 小胜 完胜 获胜 胜 负于 告负 惜败 淘汰 横扫 "
    "逆转 力克 力擒 领先 落后 的比分 的成绩 的总比分"
)
"""What is said of a match behind its score."""
EVENTS = any_of(
    "节 会 赛 展 季 村晚 春晚 晚会 论坛 行动 活动 峰会 马拉松 之夜 之旅 巡演 计划 规划 愿景 目标 战略 春运 高考 中考"
)
"""What has the year that stands before it in its name."""
YEARLY = any_of("上半年 下半年 出生 毕业 入伍 参军 入党 高考 世界杯 奥运 亚运 世博 春晚 特大 大洪水 洪水 大地震")
"""What follows a year of two figures, but no number of years."""
SIGNS = {"≥": "大于等于", "≤": "小于等于", ">=": "大于等于", "<=": "小于等于", "±": "正负", "≈": "约等于", "=": "等于"}
ROMAN = "ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫ"
ROMANS = pairs("I=一 II=二 III=三 IV=四 VI=六 VII=七 VIII=八 IX=九")
"""V and X of themselves are shapes."""
MEANT_NEGATIVE = "为是达至到约在低温拔程算值率幅额数差降升增减得由从比跌"
"""A minus after one of these is a minus; after another character it is the hyphen of a name: 神舟-19."""
CIRCLED = "①-⑳⑴-⒇⒈-⒛㈠-㈩❶-➓㊀-㊉"
