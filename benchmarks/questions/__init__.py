"""Questions in two languages about three well-known schemas, with the SQL that answers them and data made by arithmetic.

The schemas are public ones: the DVD rental of Sakila and Pagila, the airline of PostgreSQL's demo database, the
university of the textbook by Silberschatz, Korth and Sudarshan. `python -m benchmarks.questions FOLDER` writes
`NAME.sqlite` and `NAME.jsonl` for each; `manage.py evaluate_querygpt` asks them.
"""
