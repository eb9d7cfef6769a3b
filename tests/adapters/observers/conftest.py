import pytest
from tests.adapters.observers.collector import Collector


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.close()
