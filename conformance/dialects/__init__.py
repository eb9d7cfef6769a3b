"""Each metric of the project and its examples, asked in many forms, written for every warehouse not connected to."""
