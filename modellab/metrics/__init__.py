"""Metrics, on top of the field's libraries.

Each rate is a frozen value with its counts; corpus rates are sums over sums.
"""
