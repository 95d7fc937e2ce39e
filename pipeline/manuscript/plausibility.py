"""How much a text looks like Chinese that somebody wrote: what tells the right reading of bytes from the wrong ones.

Bytes of one encoding often decode in another as well, into characters that exist and say nothing. What gives such
nonsense away is that its characters are rare: of running Chinese two thirds are punctuation and the few hundred
commonest characters. So those are counted, and nothing is learnt, guessed or left to a library's version.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache

COMMON = frozenset(
    "的一是了不在有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事"
    "成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此"
    "已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代"
    "内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安"
    "少报才结反受目太量再感建务做接必场件计管期市直德资命山金指许统区保至队形社便空决治展马科司五基眼书非听白却界达光放强"
    "即像难且权思王完设式色路记南品住告类求据程北边死张该交规万取拉格望术领共确传师观清今切院让识候带导争运笔县镇村乡组党"
    "委府众农田粮局技旅游康医疗卫育校园态环境护扶贫脱攻坚振兴致富项投企群干任人六七八九百千亩亿吨元斤户零半双号楼街坊屯湾河"
    "河江湖林木花果菜豆茶牛羊猪鸡鱼米麦种植养殖收割春夏秋冬早晚午夜昨近今届岁男女孩青少爷奶父母亲友朋客访采编辑摄影审核校讯"
    "通图片视频源者按标题栏目系列推广落坚持精准深入推进全面推动服务站点保障增效举措创建示范引领培训宣传活动组织召议会讲话介"
    "绍表示据了解获悉目前截止以来期间同比增长完成任务责任落实检查督导整治防控安消救援交警察法检律案纪监察廉洁作风选举代主席"
    "副书记长秘局科股室办公厅院馆所站店厂司银行贷款税费价格市场消费供销售商贸物流网络数据云智慧电脑手机信息号码址邮箱联络"
    "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪"
    "吃穿住医读写唱跳跑飞买卖送领找帮忙喜爱笑哭怕累苦甜酸辣冷热暖晴雨雪风阴云雷霜旱涝灾情病药诊疫苗院护士灯桥路铁车船票驾"
    "红绿蓝黑白黄紫旗歌舞戏剧诗词艺术博展览馆图馆非遗传承古城墙寺庙塔碑石窟陵革命烈士英雄模范先进典型荣誉称奖杯赛冠亚季军"
)
"""The commonest characters of running text and those that county news adds, simplified."""

_TRADITIONAL = frozenset(
    "這個們來為國說時會對過發後裡種經麼學現當動還進樣開從實軍無與長機關點業將兩間問並應戰向頭體見產話門論處幾認條氣題爾別變"
    "總電數報結務場計資統區決馬書聽達強難權設術領確傳師觀識導爭運筆縣鎮鄉黨農糧醫療衛園態環護貧脫堅興項眾億噸戶雙號樓灣豆雞"
    "魚麥養殖歲爺親訪編輯攝審訊圖視頻標欄係準務障創範選舉議紹獲責檢查導整紀監風辦廳館廠銀貸稅費價銷貿網絡雲腦郵聯萬東師義"
    "劉陳楊趙黃吳孫馬羅鄭謝韓馮蕭鄧許蔣賈葉閻鍾湯買賣愛熱陰災藥診橋鐵車駕紅綠藍黃藝傳遺廟雄榮譽稱獎賽軍兩岸臺灣僅佔據歷屆"
    "讓單員請寫讀說課題滿歡樂帶給線續約組終級練習聞聲職節藝葉華莊萊薦處號衝補裝製複規覽觀計訂記許訴試該詳誠語誤調談謝證譯"
    "變豐負財貢貨質購賞賴趕軌載較輛輪輸邊遠適選鄰醫釋針鈴銅錄錢錯鍵鏡閉開閒閣隊陽際隨險雖離韻響頁順須預頓顏願類顧飛飯館驗體"
)
"""Of the same characters those that are written otherwise in Taiwan and Hong Kong."""

_PUNCTUATION = frozenset(
    "，。、；：？！“”‘’（）《》〈〉【】「」『』〔〕—…·－～％／　０１２３４５６７８９●■◆▲△○□★☆※→↑↓①②③④⑤⑥⑦⑧⑨⑩℃㎡×÷±°〇"
)
_NEWLINES = frozenset("\t\n\r\x0b\x0c\x85\u2028\u2029\ufeff")


def plausibility(text: str) -> float:
    """From -1 to 1: the share of common characters less that of impossible ones, among all that are no printable ASCII;
    1 for a text of ASCII alone. Running Chinese has about 0.7, a list of names 0.3, nonsense less than nothing.

    >>> plausibility("武山县的架豆上市了。") > 0.5, plausibility("きるら獵猠郡美ユ瑈穦琱狶") < 0, plausibility("abc")
    (True, True, 1.0)
    """
    weighed = total = 0
    for character, count in Counter(text).items():
        if " " <= character <= "~" or character in _NEWLINES:
            continue
        total += count
        weighed += _weight(character) * count
    return weighed / total if total else 1.0


@lru_cache(maxsize=50_000)
def _weight(character: str) -> int:
    if character in COMMON or character in _TRADITIONAL or character in _PUNCTUATION:
        return 1
    return 0 if _is_known("gb2312", 0xB0, character) or _is_known("big5", 0xA4, character) else -1


def _is_known(codec: str, first: int, character: str) -> bool:
    """Whether an old national set has it among its ideographs: 6,763 of GB 2312, the 5,401 commoner ones of Big5."""
    try:
        encoded = character.encode(codec)
    except UnicodeEncodeError:
        return False
    return encoded[0] >= first and (codec != "big5" or encoded[0] <= 0xC6) and unicodedata.category(character) == "Lo"
