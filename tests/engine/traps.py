"""The traps of hot reload (what file systems, editors and Python do to it), and the tests that hold each of them.

Tests of `test_watcher*` run the real watcher over real files, the others the loader over real files.
"""

from __future__ import annotations

WATCHER = "test_watcher.py"
FAULTS = "test_watcher_faults.py"
LOADER = "test_loader.py"
STEPS = "test_loader_steps.py"
IMPORTS = "test_imports.py"
STORM = "test_storm.py"

TRAPS: dict[str, tuple[tuple[str, str], ...]] = {
    # what the watcher may say, and what it may keep to itself
    "kind and order of events are not to be trusted": (
        (FAULTS, "test_the_kind_of_an_event_is_not_trusted"),
        (STEPS, "test_only_the_named_file_is_looked_at_and_a_full_look_sees_the_rest"),
    ),
    "chmod, touch and temporary files are no change": (
        (FAULTS, "test_chmod_touch_and_temporary_files_are_no_news"),
        (LOADER, "test_nothing_new_is_no_new_snapshot"),
    ),
    "rename-over, vim's delete and add, writes in place and in steps": (
        (WATCHER, "test_each_way_of_saving_is_followed"),
        (STORM, "test_a_storm_of_saves_ends_as_a_fresh_load_and_fails_no_task"),
    ),
    "edits of the same size in the same second": (
        (FAULTS, "test_edits_of_the_same_size_in_the_same_second_are_all_seen"),
        (LOADER, "test_an_edit_of_the_same_size_in_the_same_second_is_seen"),
    ),
    "polling loses saves": ((FAULTS, "test_no_save_is_lost_where_watchfiles_polls"),),
    "a watch that is silent, as after an overflow of the kernel's queue": (
        (FAULTS, "test_a_change_that_the_kernel_tells_nobody_is_seen_by_the_rescan"),
        (WATCHER, "test_without_a_working_watch_the_disk_is_looked_at"),
    ),
    "a root removed and made again": (
        (WATCHER, "test_a_folder_removed_and_made_again"),
        (LOADER, "test_a_folder_that_vanishes_and_comes_back"),
    ),
    "a name that is no UTF-8 ends the watch": (
        (WATCHER, "test_a_name_that_is_no_utf_8_does_not_end_it"),
        (LOADER, "test_a_name_that_is_no_utf_8_loads"),
    ),
    "no watches left (the 129th watcher): polling, and watching again later": (
        (FAULTS, "test_without_watches_left_the_disk_is_polled_until_there_are_some"),
        (WATCHER, "test_without_a_working_watch_the_disk_is_looked_at"),
    ),
    "the three lights": (
        (FAULTS, "test_without_watches_left_the_disk_is_polled_until_there_are_some"),
        (WATCHER, "test_a_folder_removed_and_made_again"),
    ),
    "a fault of the engine itself ends nothing": (
        (WATCHER, "test_a_fault_of_the_loader_does_not_end_it"),
        (WATCHER, "test_a_fault_of_a_listener_does_not_end_it"),
    ),
    # files that are not whole
    "a half-written file is looked at again after 50 and 250 ms": (
        (LOADER, "test_a_half_written_save_is_no_problem"),
        (LOADER, "test_a_save_in_steps_never_takes_the_executor_away"),
        (STEPS, "test_a_file_that_is_whole_after_a_moment_was_never_a_problem"),
    ),
    "the others do not wait for it": (
        (FAULTS, "test_the_others_do_not_wait_for_a_half_written_file"),
        (STEPS, "test_a_file_that_looks_half_written_is_waited_for_alone"),
    ),
    # modules
    "dataclasses, type hints and pickle need the module in sys.modules": (
        (LOADER, "test_modules_work_with_what_looks_classes_up"),
        (STORM, "test_a_storm_of_saves_ends_as_a_fresh_load_and_fails_no_task"),
    ),
    "modules in sys.modules leak": (
        (LOADER, "test_replaced_modules_are_dropped"),
        (LOADER, "test_a_version_that_a_run_is_pinned_to_keeps_its_module"),
        (STEPS, "test_a_slow_import_that_is_overtaken_counts_no_more"),
    ),
    "stale bytecode": ((LOADER, "test_an_edit_of_the_same_size_in_the_same_second_is_seen"),),
    "linecache has the source of that version": (
        (STEPS, "test_a_traceback_of_an_earlier_version_shows_its_own_lines"),
        (LOADER, "test_modules_work_with_what_looks_classes_up"),
    ),
    # imports between the files of the folder
    "absolute, relative and lazy imports within one generation": (
        (IMPORTS, "test_a_helper_s_change_reaches_all_that_import_it"),
        (IMPORTS, "test_a_helper_is_loaded_once_in_a_generation"),
        (LOADER, "test_a_version_in_use_stays_as_it_was"),
    ),
    "packages": (
        (IMPORTS, "test_packages_resolve"),
        (IMPORTS, "test_a_folder_that_is_a_package_may_name_itself"),
        (IMPORTS, "test_a_star_import_brings_the_modules_that_a_package_names"),
    ),
    "the version is a hash over the file and its helpers": (
        (STEPS, "test_the_version_is_the_content_of_the_file_and_its_helpers"),
    ),
    "import cycles": (
        (IMPORTS, "test_an_import_cycle_that_cannot_work_is_readable"),
        (IMPORTS, "test_import_cycles_that_work_in_python_work"),
        (IMPORTS, "test_a_cycle_falls_together"),
    ),
    "a helper that breaks: a problem at each that imports it, last good versions kept": (
        (FAULTS, "test_a_helper_of_three_changes_breaks_and_heals"),
        (IMPORTS, "test_a_broken_helper_is_told_at_each_file_that_imports_it"),
    ),
    "an import that does not end": (
        (LOADER, "test_an_endless_import_is_given_up"),
        (LOADER, "test_a_schema_that_never_ends_is_given_up_too"),
        (STEPS, "test_a_slow_import_is_given_up_at_the_limit"),
        (WATCHER, "test_the_loop_never_waits_for_an_import_and_cancelling_does_not_either"),
    ),
    "the others do not wait for a slow import": (
        (FAULTS, "test_the_others_do_not_wait_for_a_slow_import"),
        (STEPS, "test_the_others_go_on_while_one_import_takes_long"),
        (STEPS, "test_many_slow_imports_are_waited_for_together"),
    ),
    # what happens to files and folders
    "last good kept": ((LOADER, "test_a_broken_file_keeps_its_last_good_version_until_it_is_removed"),),
    "renames keep the version, with which the history goes": (
        (FAULTS, "test_a_rename_is_no_clash_and_no_loss"),
        (LOADER, "test_a_renamed_file_keeps_its_version"),
    ),
    "deletions, of files and folders": (
        (WATCHER, "test_broken_healed_deleted_and_new"),
        (STEPS, "test_a_deleted_file_and_a_deleted_folder_that_are_named"),
    ),
    "one id in two files: the first by path order, removing either heals": (
        (FAULTS, "test_two_files_with_one_id_and_either_removed"),
        (LOADER, "test_a_taken_id_stays_with_the_first_by_path"),
    ),
    "linked folders, and links that lead round": (
        (FAULTS, "test_a_linked_folder_s_files_are_followed"),
        (LOADER, "test_links_are_followed_and_loops_end"),
    ),
    "several folders": (
        (FAULTS, "test_a_save_in_a_later_folder_counts_when_the_earlier_one_lets_go"),
        (LOADER, "test_an_earlier_folder_wins_and_says_so"),
        (WATCHER, "test_a_folder_that_comes_later_is_watched_beside_the_first"),
    ),
    # bad input, each a problem of its own on that file
    "syntax and import errors, exceptions and sys.exit at import, no id, 10 MB, binary junk": (
        (FAULTS, "test_every_kind_of_broken_file_is_told_and_harms_no_other"),
        (LOADER, "test_each_kind_of_broken_file_is_a_problem_of_its_own"),
    ),
    "a bad schema": (
        (LOADER, "test_a_schema_that_raises_leaves_the_executor_listed"),
        (STEPS, "test_a_schema_that_is_none_is_told_and_heals"),
    ),
    "a folder that vanishes or cannot be read": (
        (LOADER, "test_a_folder_that_vanishes_and_comes_back"),
        (LOADER, "test_a_subfolder_that_cannot_be_listed_keeps_its_executors"),
    ),
}
