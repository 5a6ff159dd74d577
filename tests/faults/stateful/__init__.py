"""A repository over a long time: whatever people and the world do to it, every step ends as the model says.

The model is a dict of tags, and what each digest is. It decides anew, by rules of its own, what a step must come to;
where a step is disturbed, each tag must be what it was or what it was to become. After each step every invariant is
judged. Rules are a table, driven by Hypothesis (which shrinks what fails) or by a seed (which is faster).

``world`` has the registry and what is known of it, ``expectations`` what a step must come to, ``judging`` whether it
did. What can happen is in ``releasing``, ``people`` and ``strangers``, and the table of all of it in ``rules``.
"""
