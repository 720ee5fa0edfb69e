#!/bin/sh
# Fetches and unpacks, without installing them, the Debian packages whose texts
# `distil-collect` reads. Needs apt-get and dpkg; made on Debian 12.
#
#   sh xtask/src/distil/collect.sh DIR
#   cargo run --package xtask --features distil -- distil-collect --root DIR --out text.txt
set -eu

root=$(mkdir -p "$1" && cd "$1" && pwd)
packages=$(mktemp -d)
trap 'rm -r "$packages"' EXIT
cd "$packages"

# Dictionaries and glosses; the encyclopedic part.
apt-get download dict-wn dict-gcide dict-foldoc dict-jargon dict-devil dict-elements
# Argument, history, quotations, dialogue.
apt-get download anarchism debian-history fortunes fortunes-min freeciv-data crawl-common \
    angband-data wesnoth-1.16-httt wesnoth-1.16-low wesnoth-1.16-sof wesnoth-1.16-utbs
# Science and medicine.
apt-get download python-biopython-doc python-nipype-doc python-sklearn-doc python-astropy-doc \
    octave-doc garlic-doc gnumed-doc bioperl
# Computing.
apt-get download postgresql-doc-15 python3.11-doc perl-doc debian-handbook debian-policy \
    gnome-user-docs manpages manpages-dev bsdgames nethack-common xscreensaver lyx \
    libreoffice-help-en-us kalzium-data

for package in ./*.deb; do
    dpkg -x "$package" "$root"
done
