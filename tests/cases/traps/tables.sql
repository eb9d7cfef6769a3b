-- A small shop with every trap in it. Small enough to count by hand; each row is there for a reason.
CREATE TABLE nations(id INTEGER, name VARCHAR);
INSERT INTO nations VALUES (1, 'FR'), (2, 'DE'), (3, NULL);

-- customer 4 lives in a nation that does not exist, customer 5 in none; 6 never does anything
CREATE TABLE customers(id INTEGER, segment VARCHAR, nation_id INTEGER, signed_on DATE);
INSERT INTO customers VALUES
  (1, 'retail', 1, '2024-01-31'), (2, 'trade', 2, '2024-02-29'), (3, NULL, 3, NULL),
  (4, 'retail', 9, '2024-03-31'), (5, '100%_x', NULL, '2023-12-31'), (6, 'retail', 2, '2024-01-01');

CREATE TABLE places(id INTEGER, city VARCHAR, nation_id INTEGER);
INSERT INTO places VALUES (1, 'Lyon', 1), (2, 'Bonn', 2), (3, NULL, 1);

-- order 5 has no customer and no place, 6 an unknown customer, 7 no date and no amount; 9 ships to an unknown place
CREATE TABLE orders(id INTEGER, customer_id INTEGER, ship_place INTEGER, bill_place INTEGER, ordered_on DATE,
  placed_at TIMESTAMP, status VARCHAR, gift BOOLEAN, amount INTEGER);
INSERT INTO orders VALUES
  (1, 1, 1, 2, '2024-01-29', '2024-01-29 08:00:00', 'open', true, 10),
  (2, 1, 2, 2, '2024-01-31', '2024-01-31 23:30:00', 'closed', false, 20),
  (3, 2, 1, 1, '2024-02-28', '2024-02-28 12:00:00', 'closed', NULL, 30),
  (4, 3, 3, 1, '2024-02-29', '2024-02-29 23:59:59', NULL, true, 40),
  (5, NULL, NULL, NULL, '2024-03-10', '2024-03-10 06:59:59', 'open', false, 50),
  (6, 99, 1, 1, '2024-03-10', '2024-03-10 07:00:00', 'closed', true, 60),
  (7, 4, 1, 3, NULL, NULL, 'open', false, NULL),
  (8, 5, 2, 2, '2024-03-31', '2024-03-31 00:30:00', 'closed', true, 80),
  (9, 2, 9, 2, '2024-04-01', '2024-04-01 01:00:00', 'open', false, 90),
  (10, 1, 1, 1, '2024-11-03', '2024-11-03 05:30:00', 'closed', true, 5),
  (11, 1, 1, 1, '2024-11-03', '2024-11-03 06:30:00', 'closed', true, 7);

-- the key is (order_id, line); one item has an order that does not exist, one has half a key
CREATE TABLE items(order_id INTEGER, line INTEGER, product_id INTEGER, shipped_on DATE, status VARCHAR, quantity INTEGER,
  price INTEGER);
INSERT INTO items VALUES
  (1, 1, 1, '2024-01-30', 'sent', 1, 5), (1, 2, 2, '2024-02-01', 'sent', 1, 5), (2, 1, 1, '2024-02-01', 'lost', 5, 4),
  (3, 1, 1, '2024-02-29', 'sent', 1, 30), (3, 2, 3, '2024-03-01', NULL, 2, 8), (4, 1, 2, NULL, 'sent', 2, 20),
  (77, 1, 1, '2024-05-01', 'sent', 3, 7), (NULL, 1, NULL, '2024-05-02', 'lost', 9, 9), (8, 1, 9, '2024-04-01', 'sent', 1, 80);

CREATE TABLE returns(id INTEGER, order_id INTEGER, line INTEGER, returned_on DATE, quantity INTEGER);
INSERT INTO returns VALUES
  (1, 1, 1, '2024-02-10', 1), (2, 2, 1, '2024-02-11', 2), (3, 2, 1, '2024-03-11', 3), (4, 2, NULL, '2024-03-12', 7),
  (5, 55, 1, '2024-03-13', 8);

CREATE TABLE products(id INTEGER, name VARCHAR);
INSERT INTO products VALUES (1, 'ink'), (2, 'pen'), (3, NULL);

-- validity is half-open; product 2 has a gap in February
CREATE TABLE price_history(product_id INTEGER, valid_from DATE, valid_to DATE, class VARCHAR);
INSERT INTO price_history VALUES
  (1, '2023-01-01', '2024-02-01', 'low'), (1, '2024-02-01', '2024-02-29', 'mid'), (1, '2024-02-29', NULL, 'high'),
  (2, '2023-01-01', '2024-02-01', 'low'), (2, '2024-03-01', NULL, 'high');

CREATE TABLE visits(id INTEGER, customer_id INTEGER, visited_at TIMESTAMP, channel VARCHAR, pages INTEGER);
INSERT INTO visits VALUES
  (1, 1, '2024-01-29 07:00:00', 'web', 3), (2, 1, '2024-01-30 09:00:00', 'app', 4), (3, NULL, '2024-02-01 00:00:00', 'web', 5),
  (4, 4, '2024-03-31 02:30:00', 'app', NULL), (5, 88, NULL, NULL, 7), (6, 2, '2024-02-20 10:00:00', 'web', 1),
  (7, 2, '2024-02-27 10:00:00', 'app', 2), (8, 5, '2024-03-31 00:30:00', 'web', 6);

-- account 3 has no balance at the end of February; account NULL is nobody's
CREATE TABLE balances(account_id INTEGER, branch VARCHAR, counted_on DATE, amount INTEGER);
INSERT INTO balances VALUES
  (1, 'north', '2024-01-30', 100), (1, 'north', '2024-01-31', 110), (1, 'north', '2024-02-28', 120),
  (1, 'north', '2024-02-29', 130), (2, 'south', '2024-01-31', 200), (2, 'south', '2024-02-29', 190),
  (3, 'south', '2024-01-31', 50), (3, 'south', '2024-02-15', 60), (NULL, NULL, '2024-02-29', 7), (1, 'north', NULL, 999);

CREATE TABLE islands(id INTEGER, climate VARCHAR);
CREATE TABLE days AS
  SELECT day::DATE AS day, CASE WHEN day < '2024-01-29' THEN DATE '2024-01-01' WHEN day < '2024-02-26' THEN DATE '2024-01-29'
    WHEN day < '2024-04-01' THEN DATE '2024-02-26' ELSE DATE '2024-04-01' END AS retail_month
  FROM unnest(range(DATE '2024-01-01', DATE '2025-01-01', INTERVAL 1 DAY)) AS every(day);
