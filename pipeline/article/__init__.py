"""What is published: the article record, its revisions, the newsroom and its columns.

Frozen values without I/O. Everything else in the project is written in these words.
"""

from pipeline.article.article import BLOCKS, Article, Revision
from pipeline.article.column import Announcement, Column, Deed, Place, columns_after
from pipeline.article.image import Image
from pipeline.article.newsroom import House, Newsroom, Outlet, Site
from pipeline.article.text import note_meant, note_of, numeral, text_of

__all__ = [
    "BLOCKS",
    "Announcement",
    "Article",
    "Column",
    "Deed",
    "House",
    "Image",
    "Newsroom",
    "Outlet",
    "Place",
    "Revision",
    "Site",
    "columns_after",
    "note_meant",
    "note_of",
    "numeral",
    "text_of",
]
