"""The guards of a release, and for each the named tests that fail without it.

A guard is one place in the product that keeps one promise. It is switched off by an edit of that place in a copy of
the project: ``old``, which stands there exactly once, becomes ``new``. ``test_guards.py`` does that to each, one after
the other, and asks that every named test says no by an assertion of its own; so nobody can lose a guard unnoticed, and
nobody can lose the test of one either. To see the whole table: ``python -m tests.faults.guards``.
"""

from __future__ import annotations

from tests.faults.guard import Guard, switched_off
from tests.faults.guards_records import RECORDS
from tests.faults.guards_secrets import KEPT_APART

_ANSWERS = "tests/faults/registry/test_client_answers.py::"
_DECISION = "tests/unit/release/test_decision.py::"
_PROMISES = "tests/faults/promises/test_promises.py::"
_PUBLISH = "tests/faults/release/test_publish.py::"
_REDACT = "tests/unit/core/test_redact.py::"
_SIGNALS = "tests/faults/cli/test_signals.py::"
_REDIRECTS = "tests/faults/registry/test_client_redirects.py::"
_SOCKETS = "tests/faults/registry/test_client_sockets.py::"
_PROCESS = "tests/faults/core/test_process.py::"
_PROXIES = "tests/faults/registry/test_client_proxies.py::"
_TRUST = "tests/faults/registry/test_client_trust.py::"
_WAITS = "tests/faults/registry/test_client_waits.py::"
_GIT = "tests/unit/git/test_checkout.py::"
_NAMING = "tests/faults/registry/test_tag_writer.py::"
_STALE = "tests/faults/promises/test_matrix_stale.py::"
_ORDER = "tests/faults/release/test_order.py::"

NAMES = (
    Guard(
        "the version tag is read again right before it is written",
        "registry/tag_writer",
        "before = yield from self._look_again(tag)\n",
        "yield from self._look_again(tag)\n        before = Absent()\n",
        (_PUBLISH + "test_a_version_written_by_another_before_the_last_look_is_refused",),
    ),
    Guard(
        "every name is read back after it was written",
        "registry/tag_writer",
        "found = self._read_back(tag, older, patient=written.certain or not further)",
        "found = Present(raw)",
        (_NAMING + "test_a_yes_alone_is_no_name",),
    ),
    Guard(
        "a floating tag is looked at once more before the run calls itself done",
        "release/write_tags",
        "    for done in named:\n        if done.ready.promises",
        "    for done in ():\n        if done.ready.promises",
        (_PUBLISH + "test_a_floating_tag_moved_by_another_at_the_very_end_is_no_success",),
    ),
    Guard(
        "a PUT without a certain answer is not repeated blindly by the client",
        "registry/client",
        "request, PUSH, patient=False)",
        "request, PUSH)",
        (_ANSWERS + "test_a_put_is_sent_once_and_its_loss_is_told",),
    ),
    Guard(
        "a PUT is repeated only where the name shows that the first one was lost",
        "registry/tag_writer",
        "still = isinstance(found, Present | Absent) and digest_of(found) in before",
        "still = True",
        (_PROMISES + "test_a_lost_put_is_not_repeated_while_the_name_cannot_be_read",),
    ),
    Guard(
        "a name that another publisher wrote at the same time is a lost race",
        "registry/tag_writer",
        "if isinstance(found, Present) and found.digest not in before:\n        raise LostRaceError(",
        "if False:\n        raise LostRaceError(",
        (_PROMISES + "test_a_name_that_another_wrote_at_the_same_time_is_a_lost_race",),
    ),
    Guard(
        "a floating tag moves only from where the survey saw it",
        "registry/tag_writer",
        *switched_off("found not in here"),
        (_PUBLISH + "test_a_floating_tag_moved_by_another_is_left_where_it_is",),
    ),
    Guard(
        "a version is looked at once more before a floating tag moves to it",
        "release/write_tags",
        "for lane in created if moving else ():",
        "for lane in ():",
        (_PUBLISH + "test_a_version_overwritten_by_another_is_not_what_the_floating_tag_moves_to",),
    ),
    Guard(
        "a version is looked at once more before the run calls itself done",
        "release/write_tags",
        "    for lane in created:\n",
        "    for lane in ():\n",
        (_PUBLISH + "test_a_version_overwritten_by_another_at_the_very_end_is_no_success",),
    ),
    Guard(
        "all lanes' version tags are written before any floating tag",
        "release/write_tags",
        "        yield from namer.name(lane.plan.tag, lane.raw)\n",
        "        yield from namer.name(lane.plan.tag, lane.raw)\n        yield from _float(namer, ledgers, lane)\n",
        (_PUBLISH + "test_every_version_is_named_before_any_floating_tag_moves",),
    ),
)

DECISIONS = (
    Guard(
        "a version of another commit is refused",
        "release/planning/decision",
        "if survey.revision == commit:",
        "if True:",
        (_DECISION + "test_a_version_of_another_commit_is_refused_and_the_next_one_proposed",),
    ),
    Guard(
        "a floating tag moves forward only",
        "release/planning/decision",
        *switched_off("current > version"),
        (_PUBLISH + "test_an_older_version_is_published_and_leaves_the_floating_tag",),
    ),
    Guard(
        "a floating tag is not moved to less than where it was recorded",
        "release/planning/decision",
        *switched_off("move is not Move.LEAVE"),
        (
            _DECISION + "test_a_floating_tag_that_is_recorded_higher_is_not_moved_to_less_and_both_are_named",
            _STALE + "test_what_has_been_found_once",
        ),
    ),
    Guard(
        "a release reads again what contradicts its ledger",
        "verify/surveyor",
        "if doubt is None or not doubt.seconds:\n            return survey",
        "if True:\n            return survey",
        (_STALE + "test_one_read_of_seconds_ago_is_waited_out",),
    ),
    Guard(
        "a version that was marked meanwhile does not float",
        "release/write_tags",
        *switched_off("ledgers and lane.moves"),
        (_STALE + "test_what_has_been_found_once",),
    ),
    Guard(
        "a first floating tag is not set to less than what is published",
        "release/planning/decision",
        *switched_off("isinstance(survey.floating, Absent) and survey.newest and survey.newest > version"),
        (_DECISION + "test_each_situation_has_one_answer",),
    ),
    Guard(
        "a pre-release never floats",
        "release/planning/decision",
        *switched_off("version.is_prerelease"),
        (_PUBLISH + "test_a_pre_release_never_moves_the_floating_tag",),
    ),
    Guard(
        "a snapshot never floats",
        "config/version",
        "return bool(self.prerelease)",
        "return bool(self.prerelease) and not self.is_snapshot",
        (_PROMISES + "test_a_snapshot_never_moves_the_floating_tag",),
    ),
    Guard(
        "a floating tag that nobody can place is not moved away from",
        "release/planning/decision",
        "    if current is None:\n",
        '    if current is None:\n        return Move.MOVE, "from somewhere"\n    if current is None:\n',
        (_PUBLISH + "test_a_floating_tag_of_unknown_origin_is_refused_before_anything_is_built",),
    ),
    Guard(
        "a snapshot is published on purpose only",
        "release/planning/planner",
        *switched_off("lane.version.value.is_snapshot and not snapshot"),
        ("tests/unit/config/test_settings.py::test_a_snapshot_is_published_only_on_purpose",),
    ),
)

ANSWERS = (
    Guard(
        "only a registry's own 404 of that manifest means absent",
        "registry/client",
        "return response.status == 404 and bool(codes) and codes <= _ABSENT_CODES",
        "return response.status == 404",
        (_ANSWERS + "test_anything_else_is_unknown",),
    ),
    Guard(
        "a 403 does not mean absent",
        "registry/client",
        "return Refused(error.what, error.remedy)",
        "return Absent()",
        (_ANSWERS + "test_a_refusal_of_the_registry_or_of_its_token_service_is_refused",),
    ),
    Guard(
        "no answer does not mean absent, a 404 of the token service included",
        "registry/client",
        "return Unknown(error.what)",
        "return Absent()",
        (_ANSWERS + "test_a_404_of_the_token_service_is_not_absent",),
    ),
    Guard(
        "the bytes behind a digest hash to it",
        "registry/client",
        *switched_off("isinstance(reference, Digest) and raw.digest != reference"),
        (_PROMISES + "test_other_bytes_under_a_digest_are_a_finding",),
    ),
    Guard(
        "the digest that a registry names is that of its bytes",
        "registry/client",
        'if named != str(raw.digest):\n        return Unknown(f"{reference} was served as {named',
        'if False:\n        return Unknown(f"{reference} was served as {named',
        (_PROMISES + "test_a_header_that_names_another_digest_is_a_finding",),
    ),
    Guard(
        "a blob's bytes hash to its digest",
        "registry/client",
        *switched_off("len(response.body) != descriptor.size or Digest.of(response.body) != descriptor.digest"),
        ("tests/faults/registry/test_client_reads.py::test_a_config_with_other_bytes_is_a_finding",),
    ),
    Guard(
        "the platforms are the very set",
        "verify/image_check",
        'Check("platforms", subject, wanted == have,',
        'Check("platforms", subject, True,',
        (_PUBLISH + "test_a_staged_image_that_lacks_a_platform_gets_no_name_in_any_lane",),
    ),
    Guard(
        "each child manifest is there",
        "verify/image_check",
        '(_bad("child", subject, "its manifest", "nothing: the registry has lost it"),)',
        "()",
        ("tests/faults/verify/test_verify.py::test_a_damaged_version_is_found_and_the_fault_is_named",),
    ),
    Guard(
        "each config is for the platform that the index says",
        "verify/image_check",
        'Check("config", subject, config.platform == claimed,',
        'Check("config", subject, True,',
        (_PUBLISH + "test_a_version_whose_config_lies_about_its_platform_is_not_adopted",),
    ),
    Guard(
        "a JSON key given twice is refused",
        "core/strict_json",
        *switched_off("len(seen) != len(pairs)"),
        ("tests/unit/core/test_strict_json.py::test_anything_else_is_refused",),
    ),
    Guard(
        "a field that only some readers would know is refused",
        "registry/oci/manifest",
        *switched_off("_FIELDS.get(name.casefold(), name) != name"),
        ("tests/unit/registry/test_manifest.py::test_a_field_that_only_some_readers_would_know_is_refused",),
    ),
)

BOUNDS = (
    Guard(
        "a manifest or a page of tags has at most four mebibytes",
        "registry/http/session",
        "MANIFEST_LIMIT = 4 * 1024 * 1024",
        "MANIFEST_LIMIT = 1 << 40",
        (_PROMISES + "test_nothing_is_read_beyond_four_mebibytes",),
    ),
    Guard(
        "a body is read to its limit and no further",
        "registry/http/transport",
        *switched_off("size > limit"),
        (_SOCKETS + "test_a_body_over_the_limit_is_refused_without_reading_it",),
    ),
    Guard(
        "the body of an error is cut",
        "registry/http/transport",
        "limit if wanted else ERROR_LIMIT",
        "limit if wanted else 1 << 40",
        (_PROMISES + "test_of_an_error_64_kibibytes_are_read",),
    ),
    Guard(
        "a peer that drips bytes is cut off",
        "registry/http/transport",
        "watchdog.start()",
        "watchdog.cancel()",
        (_SOCKETS + "test_an_answer_that_is_not_complete_in_time_is_none",),
    ),
    Guard(
        "a proxy that drips its answer, or a handshake that drips, is cut off",
        "registry/http/connections",
        "        made.connect(address)\n        _watch(made)\n",
        "        made.connect(address)\n",
        (_PROXIES + "test_a_proxy_that_never_finishes_its_answer_is_cut_off",),
    ),
    Guard(
        "of what a build or a gate writes only the last MiB is kept",
        "core/system/output",
        "while self._size > TAIL:",
        "while False:",
        (_PROCESS + "test_of_what_people_read_the_last_is_kept",),
    ),
    Guard(
        "an answer without end is not read without end",
        "core/system/process",
        "if now >= until or answer.too_much or",
        "if now >= until or",
        (_PROCESS + "test_an_answer_without_end_ends_the_child",),
    ),
    Guard(
        "all addresses of a host share one time limit",
        "registry/http/connections",
        "min(_CONNECT, LINES.line.left if LINES.line else _CONNECT)",
        "0.2",
        (_PROXIES + "test_all_addresses_of_a_host_share_one_time_limit",),
    ),
    Guard(
        "an informational answer is not taken for the final one",
        "registry/http/connections",
        "if status >= _FIRST_FINAL:",
        "if status != 100:",
        (_SOCKETS + "test_informational_answers_are_passed_over",),
    ),
    Guard(
        "what a certificate or a proxy's login is wrong with is not asked again",
        "registry/http/retry",
        "            except MisconfiguredError:\n                raise\n",
        "",
        (_TRUST + "test_a_certificate_is_no_outage_it_is_not_asked_again_and_the_remedy_reaches_the_user",),
    ),
    Guard(
        "tries that come to nothing count as waits of the run",
        "registry/http/retry",
        "                self.patience.lose(began)\n",
        "",
        (_WAITS + "test_tries_that_come_to_nothing_are_part_of_the_run_s_budget",),
    ),
    Guard(
        "no wait is longer than a minute, whatever Retry-After says",
        "registry/http/retry_budget",
        "seconds = min(MAX_WAIT, max(",
        "seconds = min(1e8, max(",
        (_WAITS + "test_a_registry_is_given_the_time_it_asks_for_within_reason",),
    ),
    Guard(
        "all waits of a run are bounded together",
        "registry/http/retry_budget",
        *switched_off("attempt >= TRIES or self.spent >= BUDGET"),
        (_WAITS + "test_all_waits_of_a_run_together_are_bounded",),
    ),
    Guard(
        "a list of tags that leads back to itself is left",
        "registry/client",
        "if url in seen or len(seen) >= _MAX_PAGES:",
        "if len(seen) >= 2000:",
        (_PROMISES + "test_a_page_that_leads_back_to_the_first_is_not_asked_for_twice",),
    ),
    Guard(
        "a list of tags has at most a thousand pages",
        "registry/client",
        "if url in seen or len(seen) >= _MAX_PAGES:",
        "if url in seen:",
        (_PROMISES + "test_a_list_that_goes_on_for_ever_is_left_after_a_thousand_pages",),
    ),
    Guard(
        "a list of tags goes on at the same place only",
        "registry/client",
        *switched_off("place_of(following) != place_of(url)"),
        ("tests/faults/registry/test_client_paging.py::test_a_list_that_cannot_be_whole_is_no_list",),
    ),
)

SECRETS = (
    Guard(
        "a redirect is followed by nobody but us",
        "registry/http/transport",
        "redirect=False,\n            retries=False,",
        "redirect=True,\n            retries=3,",
        (_SOCKETS + "test_the_transport_itself_follows_no_redirect",),
    ),
    Guard(
        "nothing but a blob is read through a redirect",
        "registry/client",
        "return self._answer(self.session.send(repository, request, PULL), reference)",
        "response = self.session.send(repository, request, PULL)\n"
        "            if response.status in _REDIRECTS:\n"
        '                there = Request(method="GET", url=follow(request.url, response.headers.get("location", "")))\n'
        "                response = self.session.patiently(there, limit=MANIFEST_LIMIT)\n"
        "            return self._answer(response, reference)",
        (_REDIRECTS + "test_nothing_else_is_followed_anywhere",),
    ),
    Guard(
        "a blob is not looked for on inner networks, or without TLS",
        "registry/client",
        *switched_off("not may_redirect(repository, target)"),
        (_REDIRECTS + "test_a_blob_is_not_looked_for_in_places_where_no_registry_keeps_one",),
    ),
    Guard(
        "a redirected blob gets no credential",
        "registry/client",
        "request = Request(method=method, url=target, headers=headers)\n"
        "            response = self.session.patiently(request,",
        "request = Request(method=method, url=target, headers=headers)\n"
        "            response = self.session.send(repository, request, PULL,",
        ("tests/faults/registry/test_client_reads.py::test_no_credential_goes_where_a_redirect_leads",),
    ),
    Guard(
        "at most five redirects are followed",
        "registry/client",
        *switched_off("hops > _MAX_REDIRECTS"),
        (_PROMISES + "test_the_sixth_redirect_is_not_followed",),
    ),
    Guard(
        "a credential goes to its own registry only",
        "registry/http/session",
        *switched_off("self.credential is None or self.credential.registry != repository.registry"),
        ("tests/faults/registry/test_client_tokens.py::test_a_credential_is_never_sent_to_another_registry",),
    ),
    Guard(
        "a credential goes to no token service that is not the registry's",
        "registry/http/session",
        "        if problem:\n",
        "        if False:\n",
        ("tests/faults/registry/test_client_tokens.py::test_nothing_at_all_is_sent_to_a_place_that_is_not_trusted",),
    ),
    Guard(
        "every spelling of a secret is hidden",
        "core/redact",
        "text = text.replace(form, HIDDEN)",
        "text = text.replace(min(self._forms), HIDDEN)",
        (_REDACT + "test_no_spelling_of_a_secret_is_left",),
    ),
    Guard(
        "a registry's words are passed through the redactor",
        "registry/http/session",
        "return self.redact(one_line(text))[:400]",
        "return one_line(text)[:400]",
        (_ANSWERS + "test_a_secret_that_is_echoed_is_not_repeated",),
    ),
    Guard(
        "a token is known to the redactor from its first moment",
        "registry/http/session",
        "        self.redact.add(token)\n",
        "",
        (_PROMISES + "test_a_token_that_the_registry_echoes_is_hidden",),
    ),
    Guard(
        "foreign text holds no terminal escape",
        "core/redact",
        'plain = _ESCAPE_SEQUENCE.sub("", text[: 2 * _MAX_LINE])',
        "plain = text[: 2 * _MAX_LINE]",
        (_REDACT + "test_foreign_text_becomes_one_harmless_line",),
    ),
    Guard(
        "foreign text holds no control character",
        "core/redact",
        'sign if sign.isprintable() else " "',
        "sign",
        (_REDACT + "test_foreign_text_becomes_one_harmless_line",),
    ),
    Guard(
        "foreign text holds no workflow command",
        "core/redact",
        r'harmless = _COMMAND.sub(r"\g<0> ", folded)',
        "harmless = folded",
        (_REDACT + "test_foreign_text_becomes_one_harmless_line",),
    ),
    Guard(
        "children that do not log in get no secret",
        "core/system/process",
        "if name not in hidden and (name in _NEEDED or not any(form in value for form in forms))",
        "if name",
        ("tests/faults/core/test_environment.py::test_what_could_fetch_a_token_is_gone",),
    ),
    Guard(
        "children that do not log in get no secret under another name",
        "core/system/process",
        "if name not in hidden and (name in _NEEDED or not any(form in value for form in forms))",
        "if name not in hidden",
        ("tests/faults/core/test_environment.py::test_a_copy_under_another_name_is_gone_too",),
    ),
)

SOURCES = (
    Guard(
        "no lane can write or be triggered by another's name",
        "config/lane",
        *switched_off("overlap := _overlap(lane, other)"),
        ("tests/unit/config/test_lane.py::test_a_lane_that_overlaps_a_built_in_one_is_refused",),
    ),
    Guard(
        "a lane's prefix cannot hold anything but a prefix",
        "config/lane",
        '(self.prefix, _PREFIX, "prefix"),',
        "",
        ("tests/unit/config/test_lane.py::test_a_lane_with_an_impossible_field_is_refused",),
    ),
    Guard(
        "a lane reads no name of the other",
        "config/lane",
        'return f"{lane.prefix}v"\n',
        'return "v"\n',
        ("tests/unit/config/test_lane.py::test_no_built_in_lane_reads_what_the_other_writes",),
    ),
    Guard(
        "a dirty tree is not published",
        "release/source_check",
        *switched_off("checkout.changes"),
        (_PROMISES + "test_a_dirty_tree_is_refused_whatever_else_holds",),
    ),
    Guard(
        "a checkout that is not whole is not published",
        "release/source_check",
        *switched_off("checkout.lacking"),
        (_PROMISES + "test_a_tree_that_is_not_whole_is_refused_with_the_command_that_completes_it",),
    ),
    Guard(
        "no other commit is published than the one that was planned",
        "release/source_check",
        *switched_off("checkout.commit != commit"),
        (_PROMISES + "test_another_head_than_was_planned_is_refused",),
    ),
    Guard(
        "what is built is looked at again after the build command",
        "release/publish",
        *switched_off("missing and self.source"),
        (_ORDER + "test_what_the_build_command_changed_is_not_built",),
    ),
    Guard(
        "what git is told to overlook is a change",
        "git/worktree",
        "and self._content(path, entry) == entry.digest",
        "",
        (_GIT + "test_a_difference_is_seen_whatever_git_is_told_to_overlook[an edit that leaves size and time]",),
    ),
    Guard(
        "what only this machine ignores is a change",
        "git/worktree",
        '"--exclude-per-directory=.gitignore"',
        '"--exclude-standard"',
        (_GIT + "test_a_difference_is_seen_whatever_git_is_told_to_overlook[a file that this clone ignores]",),
    ),
    Guard(
        "a git that fails is a failure",
        "git/plumbing",
        *switched_off("answer.code != 0"),
        (_GIT + "test_a_git_that_fails_is_a_failure_in_its_own_words[a damaged index]",),
    ),
    Guard(
        "no variable leads git to another repository",
        "git/plumbing",
        "if name not in ELSEWHERE",
        "if True",
        (_GIT + "test_no_variable_leads_to_another_repository[GIT_INDEX_FILE]",),
    ),
    Guard(
        "a version whose git tag stands elsewhere is not published",
        "release/source_check",
        *switched_off("commit is not None and commit != plan.commit"),
        (_PROMISES + "test_a_git_tag_at_another_commit_is_refused_whatever_else_holds",),
    ),
    Guard(
        "a Dockerfile and a context are inside of the project",
        "config/keys/lane",
        *switched_off('normal.split("/")[0] == ".."'),
        (_PROMISES + "test_a_path_out_of_the_project_is_refused",),
    ),
    Guard(
        "a Dockerfile and a context are nowhere by an absolute path",
        "config/keys/lane",
        *switched_off('path.startswith("/")'),
        (_PROMISES + "test_a_path_out_of_the_project_is_refused",),
    ),
    Guard(
        "a builder of several nodes, which tags what it joins, never joins",
        "release/staging/staging",
        *switched_off("len(builder.nodes) > 1"),
        (_PROMISES + "test_what_several_nodes_build_is_joined_by_us",),
    ),
)

SIGNALS = (
    Guard(
        "SIGTERM, SIGHUP and SIGQUIT clean up: the private login goes away",
        "cli/interrupts",
        "**dict.fromkeys(_WORDS, _terminate), ",
        "",
        (_SIGNALS + "test_a_polite_signal_takes_the_private_login_away",),
    ),
    Guard(
        "a signal that was ignored from the start stays ignored",
        "cli/interrupts",
        " if _is_heeded(number)}",
        "}",
        (_SIGNALS + "test_a_signal_that_was_ignored_from_the_start_stays_ignored",),
    ),
    Guard(
        "a signal that interrupts no system call is not left waiting for an answer",
        "cli/interrupts",
        "signal.setitimer(signal.ITIMER_REAL, _LOOK, _LOOK)",
        "signal.setitimer(signal.ITIMER_REAL, 0)",
        (_SIGNALS + "test_a_signal_that_interrupts_no_system_call_ends_a_run_whose_registry_is_silent",),
    ),
    Guard(
        "the last words do not wait for a registry that is silent",
        "cli/run",
        "        hurried.session.until = hurried.session.patience.clock.now() + within\n",
        "",
        (_SIGNALS + "test_a_signal_that_interrupts_no_system_call_ends_a_run_whose_registry_is_silent",),
    ),
    Guard(
        "a second signal during the last words ends in words, too",
        "cli/edge",
        "except (Exception, KeyboardInterrupt, TerminatedError) as error:",
        "except Exception as error:",
        (_SIGNALS + "test_a_second_signal_ends_the_last_words_as_well",),
    ),
    Guard(
        "an interrupt does not wait for reads side by side",
        "core/system/parallel",
        "min(workers, len(known)), grace=0.0)",
        "min(workers, len(known)), grace=30.0)",
        (_SIGNALS + "test_reads_side_by_side_keep_no_interrupt_waiting",),
    ),
    Guard(
        "what outlives a child and holds its output is ended",
        "core/system/process",
        *switched_off("now - dead_since >= _GRACE"),
        (_SIGNALS + "test_what_outlives_a_child_and_holds_its_output_is_ended",),
    ),
)

ORDER = (
    Guard(
        "who may and what there is to do is asked before the prerequisites",
        "release/publish",
        """        looked = yield from self._look(plan)
        held = yield from self.conditions.before(looked.pending)
""",
        """        held = yield from self.conditions.before(Pending.VERSION)
        looked = yield from self._look(plan)
""",
        (
            _ORDER + "test_a_wrong_token_is_told_before_the_build_command",
            _ORDER + "test_a_version_of_another_commit_is_told_before_the_build_command",
            _ORDER + "test_a_release_with_nothing_left_to_do_runs_no_build_command_and_asks_no_gate",
        ),
    ),
    Guard(
        "what was seen before the prerequisites is looked at again after them",
        "release/publish",
        *switched_off("held.took_time"),
        (
            _ORDER + "test_a_version_that_another_commit_took_meanwhile_is_not_built",
            _ORDER + "test_a_permission_that_was_taken_away_meanwhile_is_told_before_anything_is_built",
        ),
    ),
    Guard(
        "no more is written than the prerequisites were asked for",
        "release/publish",
        *switched_off("looked.pending > asked"),
        (_ORDER + "test_a_version_that_went_away_meanwhile_is_not_built_without_its_build_command",),
    ),
    Guard(
        "a floating tag moves only where the gates are green",
        "release/prerequisites",
        "if pending is Pending.NOTHING:",
        "if pending is not Pending.VERSION:",
        (_ORDER + "test_a_red_gate_keeps_a_floating_tag_from_moving",),
    ),
)

GUARDS = (*NAMES, *DECISIONS, *ORDER, *ANSWERS, *BOUNDS, *SECRETS, *SOURCES, *SIGNALS, *RECORDS, *KEPT_APART)


if __name__ == "__main__":
    for guard in GUARDS:
        print(f"{guard.what} ({guard.module})")
        print("\n".join(f"    {test}" for test in guard.tests))
