"""The ports, implemented on AWS and HTTP; one module for each."""
