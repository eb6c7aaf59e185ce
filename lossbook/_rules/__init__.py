"""The rules that aggregate losses: releases of Keras, and other libraries."""
