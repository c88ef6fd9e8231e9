"""The five verbs and the webhook: a use case a module, over the ports."""
