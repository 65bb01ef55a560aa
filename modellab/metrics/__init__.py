"""Metrics, on top of the field's libraries.

Each gives a `Score`: components that add up; corpus rates are sums over sums.
"""
