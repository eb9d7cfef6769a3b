#!/usr/bin/env bash
# MariaDB cuts the text of a whole division of a negative literal to one character once it goes through a table.
#
# `-7 DIV 2` is given the width of the 7 without its sign. `SELECT CAST(-7 DIV 2 AS CHAR)` answers -3; the same in a
# UNION answers -, without a warning, and CREATE TABLE ... AS of it is refused as too long.
#
# Seen with MariaDB 10.11.19. Needs a server: mariadb takes the usual options, for example
#   findings/mariadb-whole-division-as-text.sh -h127.0.0.1 -uroot
# Nothing is created. Exits 1 if it changes.
set -euo pipefail
ask() { mariadb "${options[@]}" -N -B -e "$1"; }
options=("$@")
alone=$(ask "SELECT CAST(-7 DIV 2 AS CHAR)")
union=$(ask "SELECT CAST(-7 DIV 2 AS CHAR) UNION SELECT CAST(-7 DIV 2 AS CHAR)")
echo "$(ask 'SELECT VERSION()'): alone $alone, in a UNION $union"
[ "$alone" = "-3" ] && [ "$union" = "-" ]
