"""What open pages are told without asking."""

from fastapi import APIRouter

router = APIRouter()
