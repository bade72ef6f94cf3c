"""Head pose: exact on the head it assumes, sensible on real faces."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.geometry import ARCFACE_112, FFHQ_512
from iconface_core.identity.pose import _HEAD, Pose, head_pose

angle = st.floats(-50, 50)


def project(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """The mean head turned about the vertical, the horizontal and the viewing axis, seen from far away."""
    a, p, r = -np.radians(yaw), np.radians(pitch), np.radians(roll)
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return (_HEAD @ (about_z @ about_y @ about_x).T)[:, :2]


@given(angle, angle, angle, st.floats(5, 500), st.floats(-1000, 1000))
def test_recovers_the_pose_of_the_mean_head_at_any_size_and_place(yaw, pitch, roll, scale, shift):
    pose = head_pose((project(yaw, pitch, roll) * scale + shift).astype(np.float32))
    assert pose.yaw == pytest.approx(yaw, abs=0.5)
    assert pose.pitch == pytest.approx(pitch, abs=0.5)
    assert pose.roll == pytest.approx(roll, abs=0.5)


@given(angle, angle, angle)
def test_a_mirrored_picture_turns_yaw_and_roll_around(yaw, pitch, roll):
    points = project(yaw, pitch, roll)
    mirrored = (points * [-1, 1])[[1, 0, 2, 4, 3]]
    pose = head_pose(mirrored.astype(np.float32))
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((-yaw, pitch, -roll), abs=0.1)


def test_signs_are_those_of_the_docstring():
    frontal = ARCFACE_112.points
    nose_right, nose_down = frontal.copy(), frontal.copy()
    nose_right[2, 0] += 8
    nose_down[2, 1] += 8
    clockwise = cv2.transform(frontal[None], cv2.getRotationMatrix2D((56, 56), -20, 1.0))[0]
    assert head_pose(nose_right).yaw > head_pose(frontal).yaw + 10
    assert head_pose(nose_down).pitch > head_pose(frontal).pitch + 10
    assert head_pose(clockwise).roll == pytest.approx(head_pose(frontal).roll + 20, abs=0.1)


@pytest.mark.parametrize("template", [ARCFACE_112, FFHQ_512], ids=lambda t: t.name)
def test_the_templates_are_frontal(template):
    pose = head_pose(template.points)
    assert abs(pose.yaw) < 3
    assert abs(pose.roll) < 1
    assert abs(pose.pitch) < 12


@given(angle, angle, angle, angle)
def test_distance_is_symmetric_ignores_roll_and_is_zero_for_itself(a, b, c, d):
    one, two = Pose(a, b, 0), Pose(c, d, 30)
    assert one.distance(two) == two.distance(one)
    assert one.distance(Pose(a, b, 45)) == 0


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.zeros((4, 2)), np.full((5, 2), np.nan)])
def test_unusable_landmarks_are_refused(points):
    with pytest.raises(ValueError, match="landmarks"):
        head_pose(points.astype(np.float32))
