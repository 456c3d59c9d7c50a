"""Calls of Z.AI's SDK to its international address."""

from tests.sdk.zhipuai import expect as expect
from tests.sdk.zhipuai import read_call as read_call
