"""A revision as an article of WeChat: title, author, digest, and HTML with inline styles only.

    rendition = render(revision, newsroom, look)
    fields_of(rendition)["title"]

The words stand in `templates/wechat/article.html`, the look in `article.css`, which is inlined: WeChat drops style
sheets, classes and ids. Rules of length: 新建草稿 (developers.weixin.qq.com/doc/subscription/api/draftbox/
draftmanage/api_draft_add.html). Nothing is ever cut but the digest, which is an abstract, after a sentence.

The rendition is the page an editor previews. Between two marks stands the content as it will be sent, with placeholders
for what only an upload can tell, the pictures' addresses, and a mark where the articles before and after it in its
series are named (`series`). The other fields stand in its head, as JSON.

`marker` is how it is recognised again, `look` its colours and styles, `text` its HTML, `rendition` the whole.
"""
