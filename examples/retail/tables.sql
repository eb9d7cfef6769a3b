-- A retailer with three channels, made by arithmetic alone: the same rows on every machine, no randomness.
CREATE TABLE dates AS
  SELECT day::DATE AS day FROM unnest(range(DATE '2022-01-01', DATE '2025-01-01', INTERVAL 1 DAY)) AS every(day);
CREATE TABLE items AS
  SELECT i AS item_id, (['Books', 'Music', 'Sports', 'Shoes', NULL])[1 + i % 5] AS category, 3 + i * 7 % 40 AS cost
  FROM range(1, 201) AS each(i);
CREATE TABLE customers AS
  SELECT i AS customer_id, (['north', 'south', 'east'])[1 + i % 3] AS region FROM range(1, 501) AS each(i);
CREATE TABLE reasons AS
  SELECT i AS reason_id, (['damaged', 'too small', 'late', 'not liked'])[i] AS reason FROM range(1, 5) AS each(i);

-- A ticket holds two lines. Some customers are unknown (NULL) or gone (above 500); web sales grow over the years.
CREATE TABLE store_sales AS
  SELECT n // 2 AS ticket, 1 + n % 2 AS line, DATE '2022-01-01' + CAST(n * 13 % 1096 AS INTEGER) AS sold_on,
    1 + n * 17 % 200 AS item_id, CASE WHEN n % 19 = 0 THEN NULL ELSE 1 + n * 29 % 420 + n % 7 * 15 END AS customer_id,
    1 + n % 4 AS quantity, CAST(5 + n * 31 % 90 AS DECIMAL(12, 2)) AS price
  FROM range(12000) AS each(n);
CREATE TABLE web_sales AS
  SELECT n // 2 AS ticket, 1 + n % 2 AS line, DATE '2022-01-01' + CAST(sqrt(n / 8000.0) * 1095 AS INTEGER) AS sold_on,
    1 + n * 23 % 200 AS item_id, CASE WHEN n % 23 = 0 THEN NULL ELSE 1 + n * n % 505 END AS customer_id,
    1 + n % 3 AS quantity, CAST(6 + n * 41 % 80 AS DECIMAL(12, 2)) AS price
  FROM range(8000) AS each(n) WHERE n % 3 <> 1 OR n * 37 % 505 < 250;
CREATE TABLE catalog_sales AS
  SELECT n // 2 AS ticket, 1 + n % 2 AS line, DATE '2022-01-01' + CAST(n * 7 % 1000 AS INTEGER) AS sold_on,
    1 + n * 11 % 200 AS item_id, 1 + n * 43 % 500 AS customer_id,
    1 + n % 5 AS quantity, CAST(4 + n * 13 % 70 AS DECIMAL(12, 2)) AS price
  FROM range(5000) AS each(n);

-- A return points at its sale line by both columns; a few at sales that are not on file; some have no reason.
CREATE TABLE store_returns AS
  SELECT ticket, line, sold_on + CAST(1 + ticket % 60 AS INTEGER) AS returned_on, item_id,
    CASE WHEN ticket % 11 = 0 THEN NULL ELSE 1 + ticket % 4 END AS reason_id, quantity, price * quantity AS refund
  FROM store_sales WHERE ticket % 9 = 0
  UNION ALL SELECT 90000 + i, 1, DATE '2023-05-05', 1 + i, 1, 1, 10 FROM range(7) AS lost(i);
CREATE TABLE web_returns AS
  SELECT ticket, line, sold_on + CAST(1 + ticket % 30 AS INTEGER) AS returned_on, item_id, 1 + ticket % 4 AS reason_id,
    1 AS quantity, price AS refund
  FROM web_sales WHERE ticket % 5 = 0;
CREATE TABLE catalog_returns AS
  SELECT ticket, line, sold_on + CAST(1 + ticket % 90 AS INTEGER) AS returned_on, item_id, 1 + ticket % 4 AS reason_id,
    1 AS quantity, price AS refund
  FROM catalog_sales WHERE ticket % 13 = 0;

-- Stock is counted every Monday.
CREATE TABLE inventory AS
  SELECT day AS counted_on, item_id, CASE WHEN item_id % 50 = 0 THEN NULL ELSE 20 + (item_id * 3 + number) % 60 END AS on_hand
  FROM (SELECT day, dayofyear(day) AS number FROM dates WHERE isodow(day) = 1), items;

-- One relation for all channels, where a question groups by channel.
CREATE VIEW sales AS
  SELECT 'store' AS channel, * FROM store_sales UNION ALL SELECT 'web', * FROM web_sales
  UNION ALL SELECT 'catalog', * FROM catalog_sales;
CREATE VIEW returns AS
  SELECT 'store' AS channel, * FROM store_returns UNION ALL SELECT 'web', * FROM web_returns
  UNION ALL SELECT 'catalog', * FROM catalog_returns;
CREATE TABLE channels AS SELECT unnest(['store', 'web', 'catalog']) AS channel;
