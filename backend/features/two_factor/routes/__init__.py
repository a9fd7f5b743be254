"""HTTP endpoints of second factors."""

from backend.features.two_factor.routes import enrolment, second_step

ALL = [enrolment.routes, second_step.routes]
