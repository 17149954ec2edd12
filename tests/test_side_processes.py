"""What the supervisor runs beside web and worker processes."""

from config import supervisor
from taishang.vectors.backends import side


def test_milvus_lite_runs_once_somebody_wants_it(tmp_path, settings):
    settings.DATA_DIR, settings.MILVUS_URI = tmp_path, ""
    assert supervisor.side_commands() == {}

    side.want()

    assert supervisor.side_commands()["milvus"][-1] == "config.milvus_lite"


def test_with_a_cluster_there_is_no_side_process(tmp_path, settings):
    settings.DATA_DIR, settings.MILVUS_URI = tmp_path, "https://milvus.example:19530"

    side.want()

    assert supervisor.side_commands() == {}


def test_without_its_package_nothing_is_started(tmp_path, settings, monkeypatch):
    settings.DATA_DIR, settings.MILVUS_URI = tmp_path, ""
    side.want()
    monkeypatch.setattr(side, "find_spec", lambda name: None)

    assert supervisor.side_commands() == {}


class Recorder(supervisor.Children):
    def __init__(self, folder):
        super().__init__(folder / "children.json", folder)
        self.asked = []

    def start(self, name, command):
        self.asked.append(name)
        self.processes[name] = object()


def test_it_is_started_once(tmp_path, settings):
    settings.DATA_DIR, settings.MILVUS_URI = tmp_path, ""
    children = Recorder(tmp_path)
    children.start_wanted()
    side.want()

    children.start_wanted()
    children.start_wanted()

    assert children.asked == ["milvus"]
