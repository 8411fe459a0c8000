"What holds for every run of the tests"
import signal

import hypothesis

# A shell that starts a job in the background lets it ignore Ctrl-C, and whatever it starts, too: the tests that send one
# would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN: signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile('same', derandomize=True, database=None, deadline=None)  # two runs try the same examples
hypothesis.settings.register_profile('search', deadline=None, print_blob=True)  # other examples each time
hypothesis.settings.load_profile('same')

first = 'test_project.py', 'test_browser.py'

def pytest_collection_modifyitems(items):
    "The files that take longest come first, so that no process is left alone with one at the end"
    items.sort(key=lambda o: o.path.name not in first)
