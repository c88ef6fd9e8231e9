"""A local run depends on nothing in its user's configuration, and touches none of it."""

from emulator.isolation import keep_to_this_machine


def test_nothing_of_a_real_account_is_left() -> None:
    environ = {
        "AWS_PROFILE": "one-that-is-not-there",
        "AWS_ENDPOINT_URL": "https://example.com",
        "CDK_DEFAULT_ACCOUNT": "123456789012",
        "HOME": "somewhere",
    }

    keep_to_this_machine(environ)

    assert {name for name in environ if name.startswith(("AWS_", "CDK_"))} == set()
    assert environ["HOME"] == "somewhere"


def test_this_machine_is_reached_past_any_proxy() -> None:
    environ = {"HTTP_PROXY": "http://proxy.example:3128", "no_proxy": "intra.example"}

    keep_to_this_machine(environ)

    for name in ("NO_PROXY", "no_proxy"):
        assert {"127.0.0.1", "localhost", "::1"} <= set(environ[name].split(","))
    assert "intra.example" in environ["no_proxy"].split(",")
    assert environ["HTTP_PROXY"] == "http://proxy.example:3128", "installing still needs it"
