-- Gaps, ties, month ends, NULL times, orphan keys and NULL keys, made by formulas so that nobody has to trust a file.
CREATE TABLE days AS
  SELECT day::DATE AS day, date_trunc('month', day + INTERVAL 6 DAY)::DATE AS fiscal_month,
    date_trunc('quarter', day + INTERVAL 6 DAY)::DATE AS fiscal_quarter,
    CASE WHEN day BETWEEN DATE '2024-01-08' AND DATE '2024-05-20' THEN 'season ' || (9 - (day::DATE - DATE '2024-01-08') // 40) END AS season
  FROM generate_series(DATE '2023-12-01', DATE '2024-05-31', INTERVAL 1 DAY) AS t(day);
CREATE TABLE hours AS
  SELECT moment FROM generate_series(TIMESTAMP '2024-03-01', TIMESTAMP '2024-03-04', INTERVAL 1 HOUR) AS t(moment);
CREATE TABLE users AS
  SELECT n AS id, CASE n % 3 WHEN 0 THEN 'trade' WHEN 1 THEN 'retail' END AS segment, DATE '2024-01-28' + (n * 3)::INT AS joined_on
  FROM range(1, 9) AS t(n);
CREATE TABLE orders AS
  SELECT n AS id,
    CASE WHEN n % 11 = 0 THEN NULL WHEN n % 13 = 0 THEN 99 ELSE n % 8 + 1 END AS user_id,
    CASE WHEN n % 17 = 0 THEN NULL ELSE DATE '2024-01-05' + (n * n % 113)::INT END AS ordered_on,
    n * 10 % 37 AS amount,
    CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN 'FR' ELSE 'DE' END AS country
  FROM range(1, 61) AS t(n);
CREATE TABLE visits AS
  SELECT n AS id, CASE WHEN n % 9 = 0 THEN NULL ELSE n % 8 + 1 END AS user_id,
    DATE '2024-02-01' + (n * 7 % 41)::INT AS visited_on, CASE n % 3 WHEN 0 THEN 'home' WHEN 1 THEN 'shop' END AS page
  FROM range(1, 31) AS t(n);
CREATE TABLE buys AS
  SELECT n AS id, n % 6 + 1 AS user_id, DATE '2024-02-03' + (n * 5 % 47)::INT AS bought_on,
    CASE n % 2 WHEN 0 THEN 'home' ELSE 'shop' END AS page, n AS pieces
  FROM range(1, 19) AS t(n);
CREATE TABLE balances AS
  SELECT a AS account_id, a % 3 + 1 AS user_id, DATE '2024-01-01' + d::INT AS counted_on,
    CASE a % 2 WHEN 0 THEN 'savings' ELSE 'current' END AS kind, 100 * a + d AS amount
  FROM range(1, 7) AS t(a), range(0, 60) AS u(d)
  WHERE (a * 7 + d) % (a + 2) = 0;
CREATE TABLE prices AS
  SELECT * FROM (VALUES
    (1, DATE '2024-01-01', DATE '2024-02-01', 'low'), (1, DATE '2024-02-01', NULL, 'high'),
    (2, DATE '2024-01-15', DATE '2024-03-01', 'low'), (3, DATE '2024-01-01', NULL, NULL)
  ) AS t(product_id, valid_from, valid_to, price_class);
CREATE TABLE sales AS
  SELECT n AS id, n % 4 + 1 AS product_id, DATE '2024-01-10' + (n * 4)::INT AS sold_on, n AS quantity,
    CASE n % 2 WHEN 0 THEN DATE '2024-04-01' ELSE DATE '2024-04-02' END AS loaded_on
  FROM range(1, 21) AS t(n);
CREATE TABLE products AS
  SELECT n AS id, day AS loaded_on, 'name ' || n || ' of ' || day AS name
  FROM range(1, 5) AS t(n), (VALUES (DATE '2024-04-01'), (DATE '2024-04-02')) AS u(day);
CREATE TABLE clicks AS
  SELECT n AS id, TIMESTAMP '2024-03-01 00:20:00' + INTERVAL (n * n * 37 % 2900) MINUTE AS clicked_at FROM range(1, 41) AS t(n);
