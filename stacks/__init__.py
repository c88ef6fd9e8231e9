"""The CDK app's constructs: `relay_stack` composes them, one construct a file."""
