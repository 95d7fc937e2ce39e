"""Labelled manuscripts and the scorer: `python -m tests.cases.score [--only s01] [--all]`.

Every name, number and place in them is invented; the habits are those of published county manuscripts.
"""
