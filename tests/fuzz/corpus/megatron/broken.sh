A=$A$A${A:-${A:-${A}}}
if [ "$A" = 1 ]; then
python t.py ${A[@]} --num-layers (((