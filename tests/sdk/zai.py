"""Calls of Z.AI's SDK, whose wire is ZhipuAI's."""

from tests.sdk.zhipuai import expect as expect
from tests.sdk.zhipuai import read_call as read_call
